/**
 * A line break inside what may be one long word, with the indentation of the next line: real, or escaped as in JSON,
 * in JSON inside JSON, or in a URL.
 */
const BREAK = /(?<=[\w+/=%-])(?:\r?\n|(?:\\+r)?\\+n|(?:%0D)?%0A)[ \t]*(?=[\w+/=%-])/gi;

/** A text without the breaks inside its words, and the way back. */
export interface FoldedText {
  readonly text: string;
  /** Where the character at `index` of the folded text stands in the whole one; the indexes must not fall. */
  readonly origin: (index: number) => number;
}

/**
 * Takes out the line breaks that encoders put into base64 (RFC 2045: 76 columns, RFC 7468: 64).
 * @returns undefined when there is none
 */
export function foldText(whole: string): FoldedText | undefined {
  const breaks = [...whole.matchAll(BREAK)];
  if (breaks.length === 0) return undefined;
  let text = "";
  let end = 0;
  /** For each break where it was in the folded text, and how many characters are missing from there on. */
  const gaps: { readonly at: number; readonly missing: number }[] = [];
  for (const { index, 0: found } of breaks) {
    text += whole.slice(end, index);
    end = index + found.length;
    gaps.push({ at: text.length, missing: end - text.length });
  }
  let passed = 0;
  const origin = (index: number) => {
    for (let next = gaps[passed]; next !== undefined && next.at <= index; next = gaps[passed]) passed += 1;
    return index + (gaps[passed - 1]?.missing ?? 0);
  };
  return { text: text + whole.slice(end), origin };
}
