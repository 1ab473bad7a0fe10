/** Shorter texts say nothing where they are found: a port, a word, a part of an id. */
export const MIN_SOUGHT_LENGTH = 8;

/** Different characters that a secret has: a filling of `xxxx…` is none, and long texts are full of it. */
const MIN_CHARACTERS = 4;

/** Of base64, which long texts of any kind are made of. */
const MIN_BASE64_LENGTH = 12;

/** One way in which a value may come out. */
export interface SecretForm {
  /** In words, e.g. `in base64`. */
  readonly name: string;
  readonly text: string;
}

/** Whether to find this value means anything. */
export function isTelling(value: string): boolean {
  return value.length >= MIN_SOUGHT_LENGTH && new Set(value).size >= MIN_CHARACTERS;
}

/**
 * The ways in which a value is looked for. They are told here once more, independent of those that the product
 * masks: what its masker has forgotten must not be forgotten by its test.
 */
export function formsOf(value: string): readonly SecretForm[] {
  const inJson = JSON.stringify(value).slice(1, -1);
  const sought: SecretForm[] = [
    { name: "as it is", text: value },
    { name: "escaped as in JSON", text: inJson },
    { name: "escaped as in JSON within JSON", text: JSON.stringify(inJson).slice(1, -1) },
    { name: "URL-encoded", text: encodeURIComponent(value.toWellFormed()) },
    { name: "encoded as in a form", text: new URLSearchParams({ "": value }).toString().slice(1) },
    ...base64FormsOf(value),
    ...linesOf(value),
  ];
  const known = new Set<string>();
  return sought.filter(({ text }) => {
    const isNew = text.length >= MIN_SOUGHT_LENGTH && !known.has(text);
    known.add(text);
    return isNew;
  });
}

/**
 * What base64 makes of the value at the three places it may have in a group of three bytes; without the characters
 * which depend on what stands before and after it.
 */
function base64FormsOf(value: string): SecretForm[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const whole = bytes.length - (bytes.length % 3);
    const text = bytes
      .subarray(0, whole)
      .toString("base64")
      .slice(before === 0 ? 0 : 4);
    if (text.length < MIN_BASE64_LENGTH) return [];
    return [
      { name: "in base64", text },
      { name: "in base64url", text: text.replaceAll("+", "-").replaceAll("/", "_") },
    ];
  });
}

/** A private key comes out by the line as well: indented, or with other ends of lines. */
function linesOf(value: string): SecretForm[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  if (lines.length === 1) return [];
  return lines.filter((line) => !line.startsWith("-----")).map((text) => ({ name: "a line of it", text }));
}
