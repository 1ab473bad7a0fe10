import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the `@molecule/core` that this host runs on: a new plugin is built against the same. */
export async function coreFolder(): Promise<string> {
  let dir = dirname(fileURLToPath(import.meta.resolve("@molecule/core")));
  while (!(await isPackage(dir))) dir = dirname(dir);
  return dir;
}

async function isPackage(dir: string): Promise<boolean> {
  const path = join(dir, "package.json");
  const isThere = await access(path).then(
    () => true,
    () => dir === dirname(dir),
  );
  return isThere && (await readFile(path, "utf8")).includes('"@molecule/core"');
}
