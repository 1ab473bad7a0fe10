/** Variables that tell a workspace where it belongs; a plugin can't change them. */
export const PROTECTED_KEYS: ReadonlySet<string> = new Set([
  "WORKSPACE_ID",
  "PLATFORM_URL",
  "MOLECULE_URL",
  "WORKSPACE_CONFIG_PATH",
]);

/** Bytes of one value: Linux takes at most 128 KiB for one `KEY=VALUE` (execve(2), MAX_ARG_STRLEN). */
const MAX_VALUE_BYTES = 128 * 1024;

/** Bytes of the whole environment, counted as `KEY=VALUE` and a NUL each. */
export const MAX_ENV_BYTES = 1024 * 1024;

/** Ms for one mutator, unless its manifest entry says otherwise. */
export const DEFAULT_MUTATOR_TIMEOUT_MS = 30_000;

/** Ms for the whole chain. */
export const CHAIN_TIMEOUT_MS = 60_000;

/** What is wrong with a value, or undefined. */
export function valueFault(value: string): string | undefined {
  if (value.includes("\0")) return "holds a NUL character; no environment can carry that";
  // UTF-8 needs at most 3 bytes per UTF-16 unit: the exact count is only taken where it can matter.
  if (value.length * 3 > MAX_VALUE_BYTES) {
    const bytes = Buffer.byteLength(value);
    if (bytes > MAX_VALUE_BYTES) return `has ${bytes} bytes; at most ${MAX_VALUE_BYTES} are allowed`;
  }
  return undefined;
}

/** Whether `key` can name a variable. */
export function isUsableKey(key: string): boolean {
  return key !== "" && !key.includes("=") && !key.includes("\0");
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
  for (const [key, value] of env) bytes += Buffer.byteLength(key) + Buffer.byteLength(value) + 2;
  return bytes;
}
