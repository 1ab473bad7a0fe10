import { cp, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempDir } from "./temp.js";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
/** Our packages in it are links to where they lie beside it. */
const OURS = "@molecule";

/**
 * A new folder that is as the repository is after `npm ci` and a build, for commands that build: in the repository
 * itself they would take the page away from the tests that open it meanwhile.
 */
export async function checkout(): Promise<string> {
  const folder = await tempDir("checkout-");
  // A build goes by times.
  const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
  const parts = ["core", "plugins", "apps", "test", "package.json", "manifest.json"];
  for (const name of [...parts, "tsconfig.json", "tsconfig.base.json"]) {
    await cp(join(REPOSITORY, name), join(folder, name), options);
  }
  const [from, to] = [join(REPOSITORY, "node_modules"), join(folder, "node_modules")];
  await mkdir(to);
  for (const name of await readdir(from)) {
    if (name === OURS) await cp(join(from, name), join(to, name), options);
    else await symlink(join(from, name), join(to, name));
  }
  return folder;
}
