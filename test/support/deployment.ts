import { copyFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempDir } from "./temp.js";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

let repositorys: Promise<string> | undefined;

/**
 * A folder to run the repository's manifest from; one for all tests. A developer's own `.env`, workspace templates or
 * data folder in the repository's root reach nothing that runs in it.
 */
export function deployment(): Promise<string> {
  return (repositorys ??= deploymentOf(REPOSITORY));
}

/** A new folder with the manifest of `root` and what that names: the packages and the apps. */
export async function deploymentOf(root: string): Promise<string> {
  const folder = await tempDir("deploy-");
  await copyFile(join(root, "manifest.json"), join(folder, "manifest.json"));
  for (const name of ["node_modules", "apps"]) await symlink(join(root, name), join(folder, name));
  return folder;
}
