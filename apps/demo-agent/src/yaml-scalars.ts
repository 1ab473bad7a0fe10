/** `key: value` at the start of a line. */
const ENTRY = /^([A-Za-z_][\w-]*):(?:[ \t]+(.*))?$/;
const DOUBLE_QUOTED = /^("(?:[^"\\]|\\.)*")(?:\s+#.*)?$/;
const SINGLE_QUOTED = /^'((?:[^']|'')*)'(?:\s+#.*)?$/;
/** What starts something other than a plain scalar, YAML 1.2.2 §7.3.3. */
const INDICATOR = /^(?:[,[\]{}#&*!|>'"%@`]|[-?:](?:\s|$))/;

/**
 * The one-line scalars at the top of a YAML mapping, as text by key.
 *
 * The agent needs three short texts of its config.yaml and has no dependencies, so this is no YAML parser: a
 * value of any other form (nested, block, folded over lines, null) is left out and never misread.
 */
export function topLevelScalars(yaml: string): ReadonlyMap<string, string> {
  const lines = yaml.split(/\r?\n/);
  const scalars = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [, key, text] = ENTRY.exec(line) ?? [];
    if (key === undefined || text === undefined || isContinued(lines, index)) continue;
    const value = scalarOf(text.trim());
    if (value !== null) scalars.set(key, value);
  }
  return scalars;
}

/** Whether what follows the line is indented and so belongs to its value. */
function isContinued(lines: readonly string[], index: number): boolean {
  const next = lines.slice(index + 1).find((line) => line.trim() !== "");
  return next !== undefined && /^[ \t]/.test(next);
}

function scalarOf(text: string): string | null {
  const double = DOUBLE_QUOTED.exec(text)?.[1];
  if (double !== undefined) return parseDoubleQuoted(double);
  const single = SINGLE_QUOTED.exec(text)?.[1];
  if (single !== undefined) return single.replaceAll("''", "'");
  if (text === "" || INDICATOR.test(text)) return null;
  const plain = text.replace(/\s+#.*$/, "");
  if (/:(?:\s|$)/.test(plain) || /^(?:~|null|Null|NULL)$/.test(plain)) return null;
  return plain;
}

/** JSON's strings are a subset of YAML's; the few escapes that only YAML knows make the value be left out. */
function parseDoubleQuoted(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}
