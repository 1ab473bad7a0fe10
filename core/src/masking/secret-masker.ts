import { encodedForms } from "./encoded-forms.js";
import { foldText } from "./folded-text.js";

/** What stands in the place of a secret. */
export const MASK = "***";

/** Shorter values are not searched for in texts: masking "1" or "on" everywhere would hide everything. */
const MIN_LENGTH = 6;

/**
 * Shapes that are secret wherever they stand, known or not: GitHub's classic tokens (40 characters), fine-grained
 * ones, and the long `ghs_` form that carries a JWT (GitHub docs, "About authentication to GitHub"), a bearer
 * header's value, and a password in a URL. A token may follow an escape (`\n` of JSON, `%3D` of a URL), whose last
 * character hides the start of a word. The scheme's length is bounded: without, a text of `a.a.a…` takes quadratic
 * time.
 */
const TOKEN_SHAPES: readonly [RegExp, string][] = [
  [/(?<=\b|_|\\[bfnrt]|%[0-9A-Fa-f]{2})gh[pousr]_[A-Za-z0-9_.-]{16,}/g, MASK],
  [/(?<=\b|_|\\[bfnrt]|%[0-9A-Fa-f]{2})github_pat_[A-Za-z0-9_]{20,}/g, MASK],
  [/(\bBearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${MASK}`],
  [/(\b[a-z][a-z0-9+.-]{0,31}:\/\/[^\s:/@]*:)[^\s@/]+@/gi, `$1${MASK}@`],
];

/** A part of a text. */
interface Range {
  readonly start: number;
  /** The index after its last character. */
  readonly end: number;
}

/**
 * Knows the secrets of this process and takes them out of texts, also where they stand JSON-escaped, URL-encoded,
 * in base64, broken into lines, or line by line.
 *
 * The forms are looked up by their first characters at each place of a text. One regular expression of all of them
 * would be rebuilt with each secret (0.2 s for 1,000), and refused by the engine once it is too large, which a
 * single value of 128 KiB is enough for.
 */
export class SecretMasker {
  /** How many added values give each form. */
  readonly #uses = new Map<string, number>();
  /** The forms by their first {@link MIN_LENGTH} characters, longest first. */
  readonly #byStart = new Map<string, string[]>();

  /**
   * Masks `value` from now on, until the result is called as often as the value was added.
   * Values under 6 characters are not searched for.
   */
  add(value: string): () => void {
    if (value.length < MIN_LENGTH) return () => undefined;
    const forms = new Set(encodedForms(value).filter((form) => form.length >= MIN_LENGTH));
    for (const form of forms) this.#retain(form);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const form of forms) this.#release(form);
    };
  }

  /** `text` without any secret. */
  mask(text: string): string {
    let masked = this.#byStart.size === 0 ? text : this.#maskKnown(text);
    for (const [shape, replacement] of TOKEN_SHAPES) masked = masked.replace(shape, replacement);
    return masked;
  }

  #maskKnown(text: string): string {
    const ranges = this.#rangesIn(text);
    const folded = foldText(text);
    if (folded !== undefined) {
      for (const { start, end } of this.#rangesIn(folded.text)) {
        ranges.push({ start: folded.origin(start), end: folded.origin(end - 1) + 1 });
      }
      ranges.sort((a, b) => a.start - b.start);
    }
    let masked = "";
    let masksTo = 0;
    for (const { start, end } of ranges) {
      // One mask for those that overlap.
      if (start >= masksTo) masked += text.slice(masksTo, start) + MASK;
      masksTo = Math.max(masksTo, end);
    }
    return masked + text.slice(masksTo);
  }

  /** Where forms stand in a text, by their start. */
  #rangesIn(text: string): Range[] {
    const ranges: Range[] = [];
    let end = 0;
    for (let at = 0; at + MIN_LENGTH <= text.length; at += 1) {
      const forms = this.#byStart.get(text.slice(at, at + MIN_LENGTH));
      if (forms === undefined) continue;
      // Longest first: a secret that begins with another one must not leave its tail behind. Nor must one that
      // begins inside another one: only what ends within the masked part is passed over.
      const form = forms.find((each) => at + each.length > end && text.startsWith(each, at));
      if (form === undefined) continue;
      end = at + form.length;
      ranges.push({ start: at, end });
    }
    return ranges;
  }

  #retain(form: string): void {
    const uses = this.#uses.get(form) ?? 0;
    this.#uses.set(form, uses + 1);
    if (uses > 0) return;
    const start = form.slice(0, MIN_LENGTH);
    const forms = this.#byStart.get(start);
    if (forms === undefined) {
      this.#byStart.set(start, [form]);
      return;
    }
    const shorter = forms.findIndex((other) => other.length < form.length);
    forms.splice(shorter === -1 ? forms.length : shorter, 0, form);
  }

  #release(form: string): void {
    const uses = (this.#uses.get(form) ?? 0) - 1;
    if (uses > 0) {
      this.#uses.set(form, uses);
      return;
    }
    this.#uses.delete(form);
    const start = form.slice(0, MIN_LENGTH);
    const forms = this.#byStart.get(start) ?? [];
    forms.splice(forms.indexOf(form), 1);
    if (forms.length === 0) this.#byStart.delete(start);
  }
}
