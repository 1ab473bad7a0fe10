import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plantSecretsOfDotenv } from "./secret-watch.js";
import { tempDir } from "./temp.js";

const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** The plugins of stage `env`, as the shipped manifest lists them. */
export const ENV_PLUGINS = [
  { name: "dotenv", module: "@molecule/plugin-dotenv", stage: "env" },
  { name: "control-plane-env", module: "@molecule/plugin-control-plane-env", stage: "env" },
];

/** A deployment's folder: a manifest, the packages, and a folder below to start from. */
export interface Project {
  readonly dir: string;
  /** Two folders below. */
  readonly below: string;
  /** Writes a file into the project's folder. */
  write(name: string, text: string): Promise<void>;
}

/** Makes a project that runs the plugins of stage `env` and `plugins`. */
export async function makeProject(plugins: readonly object[] = []): Promise<Project> {
  const dir = await tempDir("project-");
  const below = join(dir, "apps", "web");
  await mkdir(below, { recursive: true });
  await symlink(MODULES, join(dir, "node_modules"));
  const write = async (name: string, text: string) => {
    if (name.endsWith(".env")) plantSecretsOfDotenv(text, "a project's .env file");
    await writeFile(join(dir, name), text);
  };
  const workspace_templates = [{ name: "demo", command: ["true"] }];
  const manifest = { version: 1, plugins: [...ENV_PLUGINS, ...plugins], workspace_templates };
  await write("manifest.json", JSON.stringify(manifest));
  return { dir, below, write };
}
