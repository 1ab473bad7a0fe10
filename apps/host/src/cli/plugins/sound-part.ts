import { readFile } from "node:fs/promises";
import { parseManifest, type Fault, type Manifest } from "@molecule/core";

/** A fault of an entry itself, and not of its relation to others. */
const OF_ENTRY = /^plugins\[(\d+)\](?!\.(?:after|before)\b)/;

/**
 * What of a faulty manifest can be looked at all the same: the plugins whose entries have no fault of their own, without
 * their order. Null where even that can't be made out.
 * @param path of the manifest, absolute
 */
export async function soundPart(path: string, faults: readonly Fault[]): Promise<Manifest | null> {
  const faulty = new Set(faults.map((fault) => OF_ENTRY.exec(fault.path)?.[1]));
  try {
    const parsed: unknown = JSON.parse((await readFile(path, "utf8")).replace(/^\uFEFF/, ""));
    const plugins = listIn(parsed)
      .filter((_, index) => !faulty.has(String(index)))
      .map(withoutRelations);
    return parseManifest(JSON.stringify({ version: 1, plugins, workspace_templates: [] }), path);
  } catch {
    return null;
  }
}

function listIn(manifest: unknown): readonly unknown[] {
  if (typeof manifest !== "object" || manifest === null || !("plugins" in manifest)) return [];
  return Array.isArray(manifest.plugins) ? manifest.plugins : [];
}

function withoutRelations(entry: unknown): object {
  if (typeof entry !== "object" || entry === null) return {};
  return Object.fromEntries(Object.entries(entry).filter(([key]) => key !== "after" && key !== "before"));
}
