/** What stands in the place of a secret. */
export const MASK = "***";

/** Shorter values are not searched for in texts: masking "1" or "on" everywhere would hide everything. */
const MIN_LENGTH = 6;

/**
 * Shapes that are secret wherever they stand, known or not: GitHub's classic tokens (40 characters), fine-grained
 * ones, and the long `ghs_` form that carries a JWT (GitHub docs, "About authentication to GitHub"), a bearer
 * header's value, and a password in a URL.
 */
const TOKEN_SHAPES: readonly [RegExp, string][] = [
  [/\bgh[pousr]_[A-Za-z0-9_.-]{16,}/g, MASK],
  [/\bgithub_pat_[A-Za-z0-9_]{20,}/g, MASK],
  [/(\bBearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${MASK}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi, `$1${MASK}@`],
];

/**
 * Knows the secrets of this process and takes them out of texts, also where they stand JSON-escaped, URL-encoded
 * or in base64.
 */
export class SecretMasker {
  readonly #uses = new Map<string, number>();
  #pattern: RegExp | undefined;
  #stale = false;

  /**
   * Masks `value` from now on, until the result is called as often as the value was added.
   * Values under 6 characters are not searched for.
   */
  add(value: string): () => void {
    if (value.length < MIN_LENGTH) return () => undefined;
    this.#uses.set(value, (this.#uses.get(value) ?? 0) + 1);
    this.#stale = true;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const uses = (this.#uses.get(value) ?? 1) - 1;
      if (uses > 0) this.#uses.set(value, uses);
      else this.#uses.delete(value);
      this.#stale = true;
    };
  }

  /** `text` without any secret. */
  mask(text: string): string {
    if (this.#stale) this.#rebuild();
    let masked = this.#pattern === undefined ? text : text.replace(this.#pattern, MASK);
    for (const [shape, replacement] of TOKEN_SHAPES) masked = masked.replace(shape, replacement);
    return masked;
  }

  #rebuild(): void {
    this.#stale = false;
    const forms = new Set<string>();
    for (const value of this.#uses.keys()) for (const form of encodedForms(value)) forms.add(form);
    // Longest first: a secret that begins with another one must not leave its tail behind.
    const alternatives = [...forms].sort((a, b) => b.length - a.length).map(escapeForRegExp);
    this.#pattern = alternatives.length === 0 ? undefined : new RegExp(alternatives.join("|"), "g");
  }
}

/** The ways in which a value shows up in outputs. */
function encodedForms(value: string): string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    ...base64Forms(bytes),
  ].filter((form) => form.length >= MIN_LENGTH);
}

/**
 * The characters that the bytes give in base64 at each of the three alignments in which they may stand inside a
 * longer encoded text, without the characters that depend on the neighbours.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    const encoded = shifted.toString("base64").replaceAll("=", "");
    const from = shift === 0 ? 0 : shift + 1;
    const to = shifted.length % 3 === 0 ? encoded.length : encoded.length - 1;
    const form = encoded.slice(from, to);
    forms.push(form, form.replaceAll("+", "-").replaceAll("/", "_"));
  }
  // Below 8 characters a base64 fragment is likely to be part of something harmless.
  return forms.filter((form) => form.length >= 8);
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
