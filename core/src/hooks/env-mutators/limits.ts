/** Variables that tell a workspace where it belongs; a plugin can't change them. */
export const PROTECTED_KEYS: ReadonlySet<string> = new Set([
  "WORKSPACE_ID",
  "PLATFORM_URL",
  "MOLECULE_URL",
  "WORKSPACE_CONFIG_PATH",
]);

/** Bytes of one `KEY=VALUE` with its NUL, which is what Linux takes (execve(2), MAX_ARG_STRLEN). */
export const MAX_ENTRY_BYTES = 128 * 1024;

/** Bytes of the whole environment, counted as `KEY=VALUE` and a NUL each. */
export const MAX_ENV_BYTES = 1024 * 1024;

/** Ms for one mutator, unless its manifest entry says otherwise. */
export const DEFAULT_MUTATOR_TIMEOUT_MS = 30_000;

/** Ms for the whole chain. */
export const CHAIN_TIMEOUT_MS = 60_000;

/** What is wrong with a variable's value, or undefined. */
export function valueFault(key: string, value: string): string | undefined {
  if (value.includes("\0")) return "holds a NUL character; no environment can carry that";
  // The exact count is only taken where it can matter.
  if (entryUnits(key, value) * MAX_BYTES_PER_UNIT <= MAX_ENTRY_BYTES) return undefined;
  const bytes = entryBytes(key, value);
  if (bytes <= MAX_ENTRY_BYTES) return undefined;
  return `makes an entry of ${bytes} bytes (KEY=VALUE and a NUL); at most ${MAX_ENTRY_BYTES} are allowed`;
}

/** Names that were found usable: the same ones come with each provision, and to look one up is quicker than to search it. */
const usable = new Set<string>();
/** How many names are remembered, and up to which length: a plugin that makes names up must not fill the memory. */
const REMEMBERED = 4_096;
const REMEMBERED_LENGTH = 128;

/** Whether `key` can name a variable. */
export function isUsableKey(key: string): boolean {
  if (usable.has(key)) return true;
  if (key === "" || key.includes("=") || key.includes("\0")) return false;
  if (usable.size < REMEMBERED && key.length <= REMEMBERED_LENGTH) usable.add(key);
  return true;
}

/** UTF-8 needs at most 3 bytes per UTF-16 unit. */
export const MAX_BYTES_PER_UNIT = 3;

/** UTF-16 units of one variable, with its `=` and its NUL. */
export function entryUnits(key: string, value: string): number {
  return key.length + value.length + 2;
}

/** Bytes of an environment, as the limit counts them. */
export function environmentBytes(env: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const [key, value] of env) bytes += entryBytes(key, value);
  return bytes;
}

/** Bytes of one variable, with its `=` and its NUL. */
export function entryBytes(key: string, value: string): number {
  return Buffer.byteLength(key) + Buffer.byteLength(value) + 2;
}
