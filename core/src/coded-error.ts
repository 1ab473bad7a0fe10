/**
 * One thing that is wrong with an input: where, what was found there, and what would be accepted.
 * Inputs are checked to the end, so that their author sees every fault at once.
 */
export interface Fault {
  /** Where in the input, e.g. `plugins[2].when.env`; empty for the input as a whole. */
  readonly path: string;
  /** What stands there, shortened; never a secret's value. */
  readonly found: string;
  /** What would be accepted. */
  readonly allowed: string;
}

/** The tag that marks a coded error across package copies; `instanceof` would not survive a second copy. */
const CODED_ERROR_TYPE = "@molecule/coded-error";

/** Extra facts of a coded error, by name. Values are plain data and hold no secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * An error with a stable code. Its message says which plugin or field is concerned, what was found, what is
 * allowed and what to do next.
 */
export class CodedError extends Error {
  /** Structural tag; see {@link isCodedError}. */
  readonly $$type = CODED_ERROR_TYPE;
  /** Stable, in SCREAMING_CASE; listed in docs/errors.md. */
  readonly code: string;
  /** The facts that the message was made of. */
  readonly details: ErrorDetails;

  constructor(code: string, message: string, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "CodedError";
    this.code = code;
    this.details = details;
  }
}

/** Whether `value` is a coded error, also one made by another copy of this package. */
export function isCodedError(value: unknown): value is CodedError {
  return (
    value instanceof Error &&
    "$$type" in value &&
    value.$$type === CODED_ERROR_TYPE &&
    "code" in value &&
    typeof value.code === "string"
  );
}

/** Makes one coded error from its facts. */
export type ErrorFactory<D> = (details: D, options?: { cause?: unknown }) => CodedError;

/**
 * Defines a package's errors in one place: a code and, per code, the text made from the error's facts.
 *
 * @example
 * ```ts
 * const errors = defineErrors({
 *   PORT_TAKEN: (d: { port: number }) => `port ${d.port} is taken; set PORT to another one`,
 * });
 * throw errors.PORT_TAKEN({ port: 8080 });
 * ```
 */
export function defineErrors<const T extends Record<string, (details: never) => string>>(
  texts: T,
): { readonly [C in keyof T]: ErrorFactory<Parameters<T[C]> extends [infer D] ? D : Record<string, never>> };
export function defineErrors(
  texts: Record<string, (details: ErrorDetails) => string>,
): Record<string, ErrorFactory<ErrorDetails>> {
  const factories: Record<string, ErrorFactory<ErrorDetails>> = {};
  for (const [code, text] of Object.entries(texts)) {
    factories[code] = (details, options) => new CodedError(code, text(details), details, options);
  }
  return factories;
}

/** Faults as lines of text, one each: `  - <path>: found <found>, allowed: <allowed>`. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults
    .map(
      (fault) =>
        `  - ${fault.path === "" ? "(root)" : fault.path}: found ${fault.found}, allowed: ${fault.allowed}`,
    )
    .join("\n");
}

/** Any value as short text, for a fault's `found`. Never throws, whatever a plugin handed over. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol" || typeof value === "bigint") return value.toString();
  const text = toJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** JSON of a value, or its kind where it has none: a cycle, a bigint inside, a `toJSON` that answers nothing. */
function toJson(value: unknown): string {
  try {
    const text: unknown = JSON.stringify(value);
    if (typeof text === "string") return text;
  } catch {
    // Told below by its kind.
  }
  return `a value of type ${typeof value} that is not JSON`;
}

/** The message of anything thrown. Never throws, whatever a plugin threw. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    // An object without a prototype, or with a toString that throws.
    return "something without a text was thrown";
  }
}
