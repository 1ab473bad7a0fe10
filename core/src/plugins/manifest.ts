import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { messageOf, type Fault } from "../coded-error.js";
import { errors } from "../errors.js";
import type { WorkspaceTemplate } from "../ports/container-runtime.js";
import { compileSchema } from "../schema/validate.js";
import { outlineOf, type ManifestOutline } from "./manifest-outline.js";
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

const checkShape = compileSchema(ManifestSchema);

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
 * @param path - where the text comes from; relative paths in it are relative to this file's folder
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
  const dir = dirname(path);
  const checked = checkShape(parsed);
  const faults = [...(checked.ok ? [] : checked.faults), ...relationFaults(outlineOf(parsed), dir)];
  if (!checked.ok || faults.length > 0) throw errors.MANIFEST_INVALID({ path, faults });
  const { plugins, workspace_templates } = checked.value;
  return {
    path,
    dir,
    plugins: orderEntries(plugins).entries,
    templates: workspace_templates.map(toTemplate),
  };
}

/** What is wrong between the parts of a manifest, told together with what is wrong with their shape. */
function relationFaults(outline: ManifestOutline, dir: string): Fault[] {
  const named = outline.plugins.flatMap(({ name, after, before }) =>
    name === undefined ? [] : [{ name, after, before }],
  );
  return [
    ...duplicateFaults("plugins", outline.plugins),
    ...duplicateFaults("workspace_templates", outline.templates),
    ...escapeFaults(outline, dir),
    ...templateFaults(outline.templates),
    ...unknownNameFaults(outline.plugins),
    ...isolationFaults(outline.plugins),
    ...orderEntries(named).faults,
  ];
}

function duplicateFaults(list: string, entries: readonly { readonly name?: string | undefined }[]): Fault[] {
  const faults: Fault[] = [];
  const first = new Map<string, number>();
  entries.forEach(({ name }, index) => {
    if (name === undefined) return;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else {
      const allowed = `a name that ${list}[${earlier}] does not have`;
      faults.push({ path: `${list}[${index}].name`, found: JSON.stringify(name), allowed });
    }
  });
  return faults;
}

function unknownNameFaults(plugins: ManifestOutline["plugins"]): Fault[] {
  const known = new Set(plugins.map(({ name }) => name).filter((name) => name !== undefined));
  const allowed = `one of ${[...known].join(", ")}`;
  return plugins.flatMap((entry, index) =>
    (["after", "before"] as const).flatMap((relation) =>
      entry[relation].flatMap((name, position) =>
        known.has(name)
          ? []
          : [{ path: `plugins[${index}].${relation}[${position}]`, found: JSON.stringify(name), allowed }],
      ),
    ),
  );
}

/** A worker takes env mutators alone, and the plugins of stage `env` are there for boot tasks. */
function isolationFaults(plugins: ManifestOutline["plugins"]): Fault[] {
  return plugins.flatMap(({ stage, isolation, hasMemoryMb }, index) => {
    const path = `plugins[${index}]`;
    if (isolation === "worker" && stage === "env") {
      return [
        {
          path: `${path}.isolation`,
          found: '"worker" with stage "env"',
          allowed: 'no isolation, or stage "main": a worker runs env mutators, no boot tasks',
        },
      ];
    }
    if (hasMemoryMb && isolation !== "worker") {
      const allowed = '"isolation": "worker" beside it: only a worker\'s memory is limited';
      return [{ path: `${path}.memoryMb`, found: "memoryMb without isolation", allowed }];
    }
    return [];
  });
}

/** A module or build context given by path must lie in the manifest's folder; a URL could lead anywhere. */
function escapeFaults(outline: ManifestOutline, dir: string): Fault[] {
  const faults: Fault[] = [];
  const check = (path: string, found: string) => {
    const inside = relative(dir, resolve(dir, found));
    if (isUrl(found) || isAbsolute(found) || /^\.\.([/\\]|$)/.test(inside) || isAbsolute(inside)) {
      faults.push({
        path,
        found: JSON.stringify(found),
        allowed: "a package name, or a path below the manifest's folder",
      });
    }
  };
  outline.plugins.forEach(({ module }, index) => {
    if (module !== undefined && isPath(module)) check(`plugins[${index}].module`, module);
  });
  outline.templates.forEach(({ context }, index) => {
    if (context !== undefined) check(`workspace_templates[${index}].build.context`, context);
  });
  return faults;
}

function isPath(module: string): boolean {
  return module.startsWith(".") || isAbsolute(module) || isUrl(module);
}

function isUrl(module: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(module);
}

function templateFaults(templates: ManifestOutline["templates"]): Fault[] {
  return templates.flatMap((entry, index) => {
    const path = `workspace_templates[${index}]`;
    if (!entry.hasImage && !entry.hasCommand) {
      return [{ path, found: "neither image nor command", allowed: '"image", "command" or both' }];
    }
    if (entry.hasBuild && !entry.hasImage) {
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
