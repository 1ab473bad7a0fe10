/** Below this many characters, a line or a piece of base64 is likely to be part of something harmless. */
const MIN_PART_LENGTH = 8;

/** The ways in which a secret value shows up in outputs. */
export function encodedForms(value: string): readonly string[] {
  const json = jsonForms(value);
  return [
    value,
    ...json,
    ...urlForms(value.toWellFormed()),
    ...base64Forms(Buffer.from(value)),
    // A JSON document in base64, as a token's payload is.
    ...json.filter((form) => form !== value).flatMap((form) => base64Forms(Buffer.from(form))),
    ...lineForms(value),
  ];
}

/** Escaped once, and twice as in a log line that tells of a JSON body; non-ASCII as it is, or as Python writes it. */
function jsonForms(value: string): string[] {
  const once = escaped(value);
  return [once, ascii(once), escaped(once), escaped(ascii(once)), once.replaceAll("/", "\\/")];
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function ascii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** As the common encoders write it: they differ in `!'()*~`, in the space, and in the case of the digits. */
function urlForms(wellFormed: string): string[] {
  const component = encodeURIComponent(wellFormed);
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [
    component,
    strict,
    encodeURI(wellFormed),
    // As in a form's body, where a space is "+" (WHATWG URL, application/x-www-form-urlencoded).
    new URLSearchParams([["", wellFormed]]).toString().slice(1),
    strict.replaceAll("%20", "+"),
  ];
  return [...forms, ...forms.map(withLowerCaseDigits)];
}

function withLowerCaseDigits(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
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
    const inUrl = encodeURIComponent(form);
    forms.push(form, form.replaceAll("+", "-").replaceAll("/", "_"), inUrl, withLowerCaseDigits(inUrl));
  }
  return forms.filter((form) => form.length >= MIN_PART_LENGTH);
}

/** The lines of a value of several, such as a private key: outputs indent them, end them otherwise, or come by line. */
function lineForms(value: string): string[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  if (lines.length === 1) return [];
  return lines
    .filter((line) => line.length >= MIN_PART_LENGTH)
    .flatMap((line) => [line, escaped(line), ascii(escaped(line))]);
}
