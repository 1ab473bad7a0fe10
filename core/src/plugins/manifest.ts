import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { messageOf, type Fault } from "../coded-error.js";
import { errors } from "../errors.js";
import type { WorkspaceTemplate } from "../ports/container-runtime.js";
import { compileValidator } from "../schema/validate.js";
import { ManifestSchema, type ManifestFile, type PluginEntry } from "./manifest-schema.js";
import { orderEntries } from "./order.js";

/** What a deploy runs. */
export interface Manifest {
  /** Absolute path of the file. */
  readonly path: string;
  /** The folder that relative modules and commands are relative to. */
  readonly dir: string;
  /** In effective order: the list's, then `after` and `before`. */
  readonly plugins: readonly PluginEntry[];
  readonly templates: readonly WorkspaceTemplate[];
}

const validateShape = compileValidator(ManifestSchema);

/**
 * Reads and checks a manifest.
 * @throws MANIFEST_UNREADABLE, MANIFEST_NOT_JSON
 * @throws MANIFEST_INVALID with every fault at once
 */
export async function readManifest(path: string): Promise<Manifest> {
  const absolute = resolve(path);
  let text: string;
  try {
    text = await readFile(absolute, "utf8");
  } catch (error) {
    throw errors.MANIFEST_UNREADABLE({ path: absolute, reason: messageOf(error) }, { cause: error });
  }
  return parseManifest(text, absolute);
}

/**
 * Checks a manifest's text.
 * @param path where the text comes from; relative paths in it are relative to this file's folder
 * @throws MANIFEST_NOT_JSON, MANIFEST_INVALID
 */
export function parseManifest(text: string, path: string): Manifest {
  let parsed: unknown;
  try {
    // A byte order mark is no JSON (RFC 8259, 8.1), but editors leave one and a parser may ignore it.
    parsed = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw errors.MANIFEST_NOT_JSON({ path, reason: messageOf(error) }, { cause: error });
  }
  const shapeFaults = validateShape(parsed);
  if (!isManifest(parsed, shapeFaults)) throw errors.MANIFEST_INVALID({ path, faults: shapeFaults });
  const dir = dirname(path);
  const faults = [...duplicateFaults(parsed), ...escapeFaults(parsed, dir), ...templateFaults(parsed)];
  const ordered = orderEntries(parsed.plugins);
  faults.push(...ordered.faults);
  if (faults.length > 0) throw errors.MANIFEST_INVALID({ path, faults });
  return { path, dir, plugins: ordered.entries, templates: parsed.workspace_templates.map(toTemplate) };
}

function isManifest(value: unknown, faults: readonly Fault[]): value is ManifestFile {
  return faults.length === 0 && value !== null;
}

function duplicateFaults(manifest: ManifestFile): Fault[] {
  const faults: Fault[] = [];
  for (const list of ["plugins", "workspace_templates"] as const) {
    const first = new Map<string, number>();
    manifest[list].forEach((entry, index) => {
      const earlier = first.get(entry.name);
      if (earlier === undefined) first.set(entry.name, index);
      else {
        const allowed = `a name that ${list}[${earlier}] does not have`;
        faults.push({ path: `${list}[${index}].name`, found: JSON.stringify(entry.name), allowed });
      }
    });
  }
  return faults;
}

/** A module or build context given by path must lie in the manifest's folder. */
function escapeFaults(manifest: ManifestFile, dir: string): Fault[] {
  const faults: Fault[] = [];
  const check = (path: string, found: string) => {
    const inside = relative(dir, resolve(dir, found));
    if (isAbsolute(found) || inside.startsWith("..") || isAbsolute(inside)) {
      faults.push({
        path,
        found: JSON.stringify(found),
        allowed: "a package name, or a path below the manifest's folder",
      });
    }
  };
  manifest.plugins.forEach((entry, index) => {
    if (isPath(entry.module)) check(`plugins[${index}].module`, entry.module);
  });
  manifest.workspace_templates.forEach((entry, index) => {
    if (entry.build !== undefined) check(`workspace_templates[${index}].build.context`, entry.build.context);
  });
  return faults;
}

function isPath(module: string): boolean {
  return module.startsWith(".") || isAbsolute(module) || /^[a-z]+:/i.test(module);
}

function templateFaults(manifest: ManifestFile): Fault[] {
  return manifest.workspace_templates.flatMap((entry, index) => {
    const path = `workspace_templates[${index}]`;
    if (entry.image === undefined && entry.command === undefined) {
      return [{ path, found: "neither image nor command", allowed: '"image", "command" or both' }];
    }
    if (entry.build !== undefined && entry.image === undefined) {
      return [
        {
          path: `${path}.build`,
          found: "build without image",
          allowed: '"image" beside it, to name what is built',
        },
      ];
    }
    return [];
  });
}

function toTemplate(entry: ManifestFile["workspace_templates"][number]): WorkspaceTemplate {
  const { name, image, command, build, provision_timeout_seconds: provisionTimeoutSeconds } = entry;
  return { name, image, command, build, provisionTimeoutSeconds };
}
