import { isDeepStrictEqual } from "node:util";
import { isMap, isPair, isScalar, isSeq, parseDocument, type Pair, type YAMLMap } from "yaml";

/**
 * A manifest's text with a plugin's `integrity` set, and every other character as it was. Where the text can't be
 * edited in place, it is written anew with 2 spaces.
 * @param text JSON that lists a plugin of that name
 */
export function withIntegrity(text: string, plugin: string, integrity: string): string {
  const wanted = expected(text, plugin, integrity);
  const edited = editInPlace(text, plugin, integrity);
  if (edited !== undefined && isDeepStrictEqual(parseJson(edited), wanted)) return edited;
  return `${JSON.stringify(wanted, null, 2)}\n`;
}

function expected(text: string, plugin: string, integrity: string): unknown {
  const manifest = parseJson(text);
  if (!isRecord(manifest) || !Array.isArray(manifest.plugins)) return manifest;
  const plugins: unknown[] = manifest.plugins;
  return {
    ...manifest,
    plugins: plugins.map((entry) =>
      isRecord(entry) && entry.name === plugin ? { ...entry, integrity } : entry,
    ),
  };
}

/** JSON is read as the YAML that it is (YAML 1.2, 1.3), since that parser tells where each value stands. */
function editInPlace(text: string, plugin: string, integrity: string): string | undefined {
  const mark = text.startsWith("\uFEFF") ? 1 : 0;
  const entry = entryOf(text.slice(mark), plugin);
  const pairs = entry?.items.filter((item) => isPair(item)) ?? [];
  const present = pairs.find(({ key }) => isScalar(key) && key.value === "integrity");
  const presentRange = rangeOf(present?.value);
  const value = JSON.stringify(integrity);
  if (presentRange !== undefined) return splice(text, presentRange, value, mark);
  const last = pairs.at(-1);
  const lastRange = rangeOf(last?.value);
  if (last === undefined || lastRange === undefined) return undefined;
  const end = lastRange[1];
  return splice(text, [end, end], `,${spaceBefore(text.slice(mark), last)}"integrity": ${value}`, mark);
}

function entryOf(text: string, plugin: string): YAMLMap | undefined {
  const plugins: unknown = parseDocument(text).get("plugins");
  if (!isSeq(plugins)) return undefined;
  return plugins.items.find((item): item is YAMLMap => isMap(item) && item.get("name") === plugin);
}

/** What stands between a key and what comes before it: a new line and its indentation, or one space. */
function spaceBefore(text: string, { key }: Pair): string {
  const start = rangeOf(key)?.[0] ?? 0;
  return /\r?\n[ \t]*$/.exec(text.slice(0, start))?.[0] ?? " ";
}

function rangeOf(node: unknown): readonly [number, number] | undefined {
  if (!isRecord(node) || !Array.isArray(node.range)) return undefined;
  const range: unknown[] = node.range;
  const [start, end] = range;
  return typeof start === "number" && typeof end === "number" ? [start, end] : undefined;
}

function splice(
  text: string,
  [start, end]: readonly [number, number],
  insert: string,
  shift: number,
): string {
  return text.slice(0, start + shift) + insert + text.slice(end + shift);
}

function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
  return parsed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
