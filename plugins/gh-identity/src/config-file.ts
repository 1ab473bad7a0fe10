import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, type Fault, type Logger } from "@molecule/core";
import { LineCounter, parseDocument } from "yaml";
import { checkConfig, type IdentityConfig } from "./config.js";
import { errors } from "./errors.js";

/** The variable of the host that names the YAML file. */
const CONFIG_FILE_VARIABLE = "MOLECULE_GH_IDENTITY_CONFIG_FILE";

/** Where a configuration may come from. */
export interface ConfigSources {
  /** The plugin's config in the manifest. */
  readonly manifestConfig: IdentityConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a relative file path is relative to. */
  readonly manifestDir: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * The plugin's configuration. What the file says wins over the manifest, key by key; a file that is named but not
 * there stands for an empty map of roles.
 * @throws GH_IDENTITY_CONFIG_UNREADABLE, GH_IDENTITY_CONFIG_INVALID
 */
export async function loadConfig(sources: ConfigSources): Promise<IdentityConfig> {
  const manifestConfig = checked(sources.manifestConfig, "its config in the manifest");
  const named = sources.env[CONFIG_FILE_VARIABLE];
  if (named === undefined || named.trim() === "") return manifestConfig;
  const path = resolve(sources.manifestDir, named);
  const text = await readText(path, sources.signal);
  if (text === undefined) {
    sources.log.warn(`${CONFIG_FILE_VARIABLE} names a file that is not there; no role has an owner`, {
      path,
    });
    return { ...manifestConfig, roles: {} };
  }
  return { ...manifestConfig, ...checked(parseYaml(text, path), path) };
}

/** The file's text, or undefined when there is no such file. */
async function readText(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path, { signal }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw errors.GH_IDENTITY_CONFIG_UNREADABLE({ path, reason: messageOf(error) }, { cause: error });
  }
}

function parseYaml(text: string, path: string): unknown {
  const lines = new LineCounter();
  // The pretty form of an error quotes the source, which may be any file that was named by mistake.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const faults: Fault[] = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: `line ${line}, column ${col}`, found: error.message, allowed: "valid YAML 1.2" };
  });
  if (faults.length > 0) throw errors.GH_IDENTITY_CONFIG_INVALID({ source: path, faults });
  try {
    const value: unknown = document.toJS();
    return value ?? {};
  } catch (error) {
    const fault = { path: "", found: messageOf(error), allowed: "valid YAML 1.2" };
    throw errors.GH_IDENTITY_CONFIG_INVALID({ source: path, faults: [fault] }, { cause: error });
  }
}

function checked(value: unknown, source: string): IdentityConfig {
  const result = checkConfig(value);
  if (!result.ok) throw errors.GH_IDENTITY_CONFIG_INVALID({ source, faults: result.faults });
  return result.config;
}
