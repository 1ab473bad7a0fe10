import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { resolve as resolveModule } from "import-meta-resolve";
import { messageOf } from "../coded-error.js";
import { errors } from "../errors.js";
import type { PluginEntry } from "./manifest-schema.js";

/**
 * Finds the module of a manifest entry, as an import in the manifest's folder would.
 * @returns its `file:` URL, symbolic links resolved
 * @throws PLUGIN_MODULE_NOT_FOUND
 */
export function locatePlugin(entry: Pick<PluginEntry, "name" | "module">, manifestDir: string): string {
  const names = { plugin: entry.name, module: entry.module };
  let url: string;
  try {
    url = resolveModule(entry.module, pathToFileURL(join(manifestDir, "manifest.json")).href);
  } catch (error) {
    throw errors.PLUGIN_MODULE_NOT_FOUND({ ...names, reason: messageOf(error) }, { cause: error });
  }
  if (!url.startsWith("file:")) {
    throw errors.PLUGIN_MODULE_NOT_FOUND({ ...names, reason: `it is ${url} and no file` });
  }
  return url;
}
