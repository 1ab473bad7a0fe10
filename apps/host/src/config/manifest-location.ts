import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "./variables.js";

const FILE = "manifest.json";

/** How far above the working directory a manifest is looked for, in folders; as for the `.env` beside it. */
const MAX_LEVELS = 6;

/** The manifest that a command is about. Paths are absolute. */
export interface ManifestLocation {
  readonly path: string;
  /** What default paths such as `./.data` are relative to. */
  readonly home: string;
}

/**
 * `MOLECULE_MANIFEST`, else the manifest.json of the working directory or of one at most six folders above, so that a
 * command works from anywhere in a project. Where there is none, the working directory's is named, for the error that
 * reading it gives.
 */
export async function locateManifest(env: Environment, cwd: string): Promise<ManifestLocation> {
  const given = env.MOLECULE_MANIFEST;
  if (given !== undefined && given.trim() !== "") return { path: resolve(cwd, given), home: resolve(cwd) };
  let folder = resolve(cwd);
  for (let level = 0; level <= MAX_LEVELS; level += 1) {
    const path = join(folder, FILE);
    if (await mayBeOurs(path)) return { path, home: folder };
    folder = dirname(folder);
  }
  return { path: resolve(cwd, FILE), home: resolve(cwd) };
}

/** Web apps and browser extensions have a manifest.json too; one that can't be read is told and not passed over. */
async function mayBeOurs(path: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return (
      typeof parsed === "object" &&
      parsed !== null &&
      ("plugins" in parsed || "workspace_templates" in parsed)
    );
  } catch {
    return true;
  }
}
