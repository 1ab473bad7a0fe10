/** A variable of a `.env` file. */
export interface ParsedVariable {
  readonly name: string;
  readonly value: string;
  /** Where it stands, from 1. */
  readonly line: number;
}

/** A line that can't be taken, or not as its author may expect. Never holds a value. */
export interface ParseWarning {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** What a `.env` file says. */
export interface ParsedFile {
  /** Each name once. */
  readonly variables: readonly ParsedVariable[];
  readonly warnings: readonly ParseWarning[];
}

type ParsedLine = { readonly name: string; readonly value: string } | { readonly reason: string } | null;

/** A name that every shell and program takes (POSIX.1-2017, 8.1). */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What may follow a closing quote: nothing, or blanks and then a comment. */
const AFTER_QUOTE = /^[ \t]*(?:[ \t]#.*)?$/s;
/** Bytes that Linux takes for one variable, name, `=` and closing NUL included: MAX_ARG_STRLEN. */
const MAX_VARIABLE_BYTES = 131_072;

/**
 * Reads the text of a `.env` file. Never throws.
 *
 * Own, since neither Node's `util.parseEnv` nor the `dotenv` package keeps the rules of this platform: both cut
 * `a#b` at the hash, turn `\n` between double quotes into a line end, and drop a malformed line without a word.
 */
export function parse(text: string): ParsedFile {
  const variables = new Map<string, ParsedVariable>();
  const warnings: ParseWarning[] = [];
  // A byte order mark is no part of the first name.
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const [index, each] of lines.entries()) {
    const line = index + 1;
    const parsed = parseLine(each);
    if (parsed === null) continue;
    if ("reason" in parsed) {
      warnings.push({ line, reason: parsed.reason });
      continue;
    }
    const earlier = variables.get(parsed.name);
    if (earlier !== undefined) {
      warnings.push({
        line,
        reason: `${parsed.name} stands in line ${earlier.line} already; this one counts`,
      });
    }
    variables.set(parsed.name, { ...parsed, line });
  }
  return { variables: [...variables.values()], warnings };
}

function parseLine(text: string): ParsedLine {
  const line = trim(text);
  if (line === "" || line.startsWith("#")) return null;
  const equals = line.indexOf("=");
  if (equals === -1) return { reason: 'there is no "="; allowed: KEY=VALUE, or a comment after #' };
  const name = trim(line.slice(0, equals).replace(/^export[ \t]+/, ""));
  // Not told: a line without a name may be the rest of a value, a private key for one.
  if (!NAME.test(name)) return { reason: 'what stands before "=" is no name: letters, digits and _' };
  const value = parseValue(line.slice(equals + 1));
  if (value === null) {
    return { reason: `the quote of ${name} is not closed in its line; a value can't span lines` };
  }
  if (value.includes("\0")) return { reason: `the value of ${name} holds NUL` };
  if (value.includes("\uFFFD")) return { reason: `the value of ${name} is not UTF-8` };
  if (Buffer.byteLength(name) + Buffer.byteLength(value) + 2 > MAX_VARIABLE_BYTES) {
    return { reason: `the value of ${name} is over 128 KiB, more than a program can be given` };
  }
  return { name, value };
}

/** @returns null when a quote is not closed */
function parseValue(text: string): string | null {
  const value = trim(text);
  const quote = value[0];
  if (quote !== '"' && quote !== "'") {
    // At the start of what follows "=", only blanks make it a comment: `KEY=#1` is the value "#1".
    const comment = /[ \t]#/.exec(text);
    return comment === null ? value : trim(text.slice(0, comment.index));
  }
  // The first quote that can close it; those before belong to the value, as in "{"a":1}".
  for (let at = value.indexOf(quote, 1); at !== -1; at = value.indexOf(quote, at + 1)) {
    if (AFTER_QUOTE.test(value.slice(at + 1))) return value.slice(1, at);
  }
  return null;
}

/** Without the blanks around it; the carriage return is that of a CRLF. */
function trim(text: string): string {
  // No regular expression: one for the end takes quadratic time on a long run of blanks inside.
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text[from])) from += 1;
  while (to > from && (isBlank(text[to - 1]) || text[to - 1] === "\r")) to -= 1;
  return text.slice(from, to);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}
