import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, showValue, type Fault } from "../coded-error.js";
import { errors } from "../errors.js";
import { PLUGIN_TYPE, SUPPORTED_APIS, type Plugin } from "./define-plugin.js";
import type { PluginEntry } from "./manifest-schema.js";

/** A plugin's module, imported and checked. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  /** Of the nearest package.json; `0.0.0` where there is none. */
  readonly version: string;
}

/**
 * Imports the module of a manifest entry and checks what it exports.
 * @param url where the module is; see `locatePlugin`
 * @param attempt how often this entry was loaded before: a later import must not get the cached failure of an earlier
 * @throws PLUGIN_MODULE_NOT_FOUND, PLUGIN_IMPORT_FAILED, PLUGIN_EXPORT_INVALID, PLUGIN_API_UNSUPPORTED,
 * PLUGIN_STAGE_MISMATCH
 */
export async function loadPlugin(entry: PluginEntry, url: string, attempt = 0): Promise<LoadedPlugin> {
  const names = { plugin: entry.name, module: entry.module };
  let namespace: unknown;
  try {
    namespace = await import(attempt === 0 ? url : `${url}?attempt=${attempt}`);
  } catch (error) {
    if (isMissingFile(error, url)) {
      throw errors.PLUGIN_MODULE_NOT_FOUND({ ...names, reason: "the file does not exist" }, { cause: error });
    }
    throw errors.PLUGIN_IMPORT_FAILED({ ...names, reason: messageOf(error) }, { cause: error });
  }
  const exported = isRecord(namespace) ? namespace.default : undefined;
  const faults = exportFaults(exported, entry);
  if (!isPlugin(exported) || faults.length > 0) throw errors.PLUGIN_EXPORT_INVALID({ ...names, faults });
  if (!SUPPORTED_APIS.includes(exported.api)) {
    const found = showValue(exported.api);
    throw errors.PLUGIN_API_UNSUPPORTED({ plugin: entry.name, found, allowed: SUPPORTED_APIS });
  }
  if (exported.stage !== (entry.stage ?? "main")) {
    throw errors.PLUGIN_STAGE_MISMATCH({ plugin: entry.name, declared: exported.stage });
  }
  return { plugin: exported, version: versionOf(fileURLToPath(url)) };
}

function exportFaults(exported: unknown, entry: PluginEntry): Fault[] {
  if (!isRecord(exported)) {
    return [{ path: "default", found: showValue(exported), allowed: "a plugin" }];
  }
  const faults: Fault[] = [];
  const expect = (path: string, isAllowed: boolean, allowed: string) => {
    if (!isAllowed) faults.push({ path: `default.${path}`, found: showValue(exported[path]), allowed });
  };
  expect("$$type", exported.$$type === PLUGIN_TYPE, "the result of definePlugin()");
  expect("name", exported.name === entry.name, `${JSON.stringify(entry.name)}, as in the manifest`);
  expect("setup", typeof exported.setup === "function", "a function");
  expect("stage", exported.stage === "env" || exported.stage === "main", '"env" or "main"');
  expect("variables", isListOfNames(exported.variables), "a list of names of variables");
  return faults;
}

function isListOfNames(value: unknown): boolean {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((each) => typeof each === "string" && each !== "");
}

function isPlugin(value: unknown): value is Plugin {
  return isRecord(value) && value.$$type === PLUGIN_TYPE && typeof value.setup === "function";
}

function isMissingFile(error: unknown, url: string): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes(`'${fileURLToPath(url)}'`)
  );
}

/** Read synchronously: boot waits for it anyhow, and a trip through the thread pool takes longer than the file. */
function versionOf(file: string): string {
  let dir = dirname(file);
  while (dir !== dirname(dir)) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
      if (isRecord(parsed) && typeof parsed.version === "string") return parsed.version;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) return "0.0.0";
    }
    dir = dirname(dir);
  }
  return "0.0.0";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
