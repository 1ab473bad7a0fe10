import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolve as resolveModule } from "import-meta-resolve";
import { messageOf } from "../coded-error.js";
import { errors } from "../errors.js";
import type { PluginEntry } from "./manifest-schema.js";

/**
 * Finds the module of a manifest entry, as an import in the manifest's folder would; a path may also lead to the
 * folder of a package, whose package.json then tells the module.
 * @returns its `file:` URL, symbolic links resolved
 * @throws PLUGIN_MODULE_NOT_FOUND
 */
export function locatePlugin(entry: Pick<PluginEntry, "name" | "module">, manifestDir: string): string {
  const names = { plugin: entry.name, module: entry.module };
  let url: string;
  try {
    const folder = packageFolderOf(entry, manifestDir);
    url = folder === undefined ? resolveFrom(manifestDir, entry.module) : mainOf(folder);
  } catch (error) {
    throw errors.PLUGIN_MODULE_NOT_FOUND({ ...names, reason: messageOf(error) }, { cause: error });
  }
  if (!url.startsWith("file:")) {
    throw errors.PLUGIN_MODULE_NOT_FOUND({ ...names, reason: `it is ${url} and no file` });
  }
  return url;
}

/** The folder that an entry names by its path, links resolved; undefined where it names a file or a package. */
export function packageFolderOf(
  { module }: Pick<PluginEntry, "module">,
  manifestDir: string,
): string | undefined {
  if (!module.startsWith(".")) return undefined;
  const path = resolve(manifestDir, module);
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? realpathSync(path) : undefined;
}

/** What importing a package gives whose folder is known: by its `exports`, else its `main` (Node.js docs, Packages). */
function mainOf(folder: string): string {
  const { name, main = "index.js", exports } = readPackage(folder);
  // A package may import itself by its name, by the rules of its exports.
  const url =
    exports === undefined ? resolveFrom(folder, `./${String(main)}`) : resolveFrom(folder, String(name));
  const path = relative(folder, fileURLToPath(url));
  if (path.startsWith("..")) throw new Error(`its package.json leads out of its folder, to ${path}`);
  return url;
}

function readPackage(folder: string): { name?: unknown; main?: unknown; exports?: unknown } {
  const path = join(folder, "package.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`it is a folder, and ${path} can't be read: ${messageOf(error)}`, { cause: error });
  }
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw new Error(`${path} is no package.json`);
  if ("exports" in parsed && !("name" in parsed)) throw new Error(`${path} has exports but no name`);
  return parsed;
}

function resolveFrom(folder: string, module: string): string {
  return resolveModule(module, pathToFileURL(join(folder, "package.json")).href);
}
