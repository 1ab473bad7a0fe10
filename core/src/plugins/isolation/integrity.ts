import { createHash } from "node:crypto";
import { access, readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../coded-error.js";
import { errors } from "../../errors.js";
import { locatePlugin, packageFolderOf } from "../locate.js";
import type { PluginEntry } from "../manifest-schema.js";

type Named = Pick<PluginEntry, "name" | "module">;

/** Folders that are no part of a package: its dependencies, which are packages of their own, and its history. */
const LEFT_OUT: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/**
 * The integrity of a plugin's package, in the notation of Subresource Integrity (W3C): `sha512-` and the digest in
 * base64. Digested are all files of the package's folder but those in `node_modules` and `.git`, in the order of
 * their paths (relative, with `/`, by UTF-16 units): for each the path, NUL, the content's length in bytes as
 * decimal digits, NUL, the content. A symbolic link counts as what it leads to.
 *
 * The package's folder is the one that the manifest names, or else that of the nearest package.json with a name. A
 * module that the manifest names by path, and that has no such package.json on the way up to the manifest's folder, is
 * its own file alone.
 *
 * It tells that a package is not the one that was locked. Its dependencies are not covered, nor is a change between
 * this check and the import.
 * @throws PLUGIN_MODULE_NOT_FOUND, PLUGIN_INTEGRITY_UNREADABLE
 */
export async function computeIntegrity(entry: Named, manifestDir: string): Promise<string> {
  const module = fileURLToPath(locatePlugin(entry, manifestDir));
  try {
    const root = await rootOf(entry, module, manifestDir);
    const hash = createHash("sha512");
    const files = root === module ? [module] : await filesBelow(root);
    for (const { file, path } of inOrder(root === module ? dirname(module) : root, files)) {
      const content = await readFile(file);
      hash.update(`${path}\0${content.byteLength}\0`).update(content);
    }
    return `sha512-${hash.digest("base64")}`;
  } catch (error) {
    const reason = messageOf(error);
    throw errors.PLUGIN_INTEGRITY_UNREADABLE({ plugin: entry.name, reason }, { cause: error });
  }
}

/**
 * Compares a plugin's package with its entry's `integrity`, if it has one.
 * @throws PLUGIN_INTEGRITY_MISMATCH, PLUGIN_MODULE_NOT_FOUND, PLUGIN_INTEGRITY_UNREADABLE
 */
export async function verifyIntegrity(
  entry: Named & Pick<PluginEntry, "integrity">,
  manifestDir: string,
): Promise<void> {
  if (entry.integrity === undefined) return;
  const found = await computeIntegrity(entry, manifestDir);
  if (found !== entry.integrity) {
    throw errors.PLUGIN_INTEGRITY_MISMATCH({ plugin: entry.name, expected: entry.integrity, found });
  }
}

/** The package's folder, or the module itself where it is a package of one file. */
async function rootOf(entry: Named, module: string, manifestDir: string): Promise<string> {
  const folder = packageFolderOf(entry, manifestDir);
  if (folder !== undefined) return folder;
  // The module's path has its links resolved, so must the folder that it is compared with.
  const end = entry.module.startsWith(".") ? await realpath(resolve(manifestDir)) : undefined;
  for (let dir = dirname(module); dir !== end && dir !== dirname(dir); dir = dirname(dir)) {
    if (await isPackage(dir)) return dir;
  }
  return module;
}

/** A package.json without a name only says how a folder inside a package is to be read (`{"type": "module"}`). */
async function isPackage(dir: string): Promise<boolean> {
  const path = join(dir, "package.json");
  if (!(await isThere(path))) return false;
  const text = await readFile(path, "utf8");
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && "name" in parsed;
  } catch (error) {
    throw new Error(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** All files below a folder. A link back to a folder that it lies in is left out: it would never end. */
async function filesBelow(dir: string, above: readonly string[] = []): Promise<string[]> {
  const own = await realpath(dir);
  if (above.includes(own)) return [];
  const files: string[] = [];
  for (const name of await readdir(dir)) {
    if (LEFT_OUT.has(name)) continue;
    const path = join(dir, name);
    const kind = await stat(path);
    if (kind.isDirectory()) files.push(...(await filesBelow(path, [...above, own])));
    else if (kind.isFile()) files.push(path);
  }
  return files;
}

function inOrder(root: string, files: readonly string[]): { file: string; path: string }[] {
  return files
    .map((file) => ({ file, path: relative(root, file).replaceAll("\\", "/") }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
