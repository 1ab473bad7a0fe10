import { expect } from "chai";
import fc from "fast-check";
import { MASK, SecretMasker } from "@molecule/core";

/** Any text of a length that is searched for, also with characters that encoders write in ways of their own. */
const secrets = fc.string({
  minLength: 8,
  maxLength: 40,
  unit: fc.oneof(
    fc.string({ minLength: 1, maxLength: 1, unit: "binary" }),
    fc.constantFrom("/", "+", " ", "'", "(", "*", "~", '"', "\\", "\n", "ä", "%", "&"),
  ),
});

const wellFormed = secrets.filter((secret) => secret.isWellFormed());
const surroundings = fc.tuple(
  fc.string({ unit: fc.constantFrom("x", " ", "ä"), maxLength: 7 }),
  fc.string({ unit: fc.constantFrom("y", " ", "ß"), maxLength: 7 }),
);

function masked(secret: string, output: string): string {
  const masker = new SecretMasker();
  masker.add(secret);
  return masker.mask(output);
}

const inside = (text: string) => JSON.stringify(text).slice(1, -1);
const pythonJson = (text: string) =>
  inside(text)
    .split("")
    .map((unit) => (unit > "\x7f" ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : unit))
    .join("");
const rfc3986 = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const lower = (text: string) => text.replace(/%../g, (code) => code.toLowerCase());

/** Ways in which outputs carry a text; each encodes character by character, whatever stands beside it. */
const encoders: Readonly<Record<string, (text: string) => string>> = {
  "as it is": (text) => text,
  "in JSON": inside,
  "in JSON inside JSON": (text) => inside(inside(text)),
  "in JSON of ASCII": pythonJson,
  "in JSON with escaped slashes": (text) => inside(text).replaceAll("/", "\\/"),
  "in a URL's query": encodeURIComponent,
  "in a URL by RFC 3986": rfc3986,
  "in a URL with lower-case digits": (text) => lower(encodeURIComponent(text)),
  "in a whole URL": encodeURI,
  "in a form's body": (text) => new URLSearchParams({ q: text }).toString().slice(2),
  "in a form's body by RFC 3986": (text) => rfc3986(text).replaceAll("%20", "+"),
};

describe("encodedForms", () => {
  for (const [where, encode] of Object.entries(encoders)) {
    it(`makes any secret be masked ${where}, wherever it stands there`, () => {
      fc.assert(
        fc.property(wellFormed, surroundings, (secret, [before, after]) => {
          const output = masked(secret, encode(before + secret + after));
          expect(output).to.include(MASK);
          expect(output).not.to.include(encode(secret));
        }),
      );
    });
  }

  for (const encoding of ["base64", "base64url"] as const) {
    const variants: Readonly<Record<string, (secret: string) => string>> = {
      "as it is": (secret) => secret,
      "in a JSON document": (secret) => JSON.stringify({ token: secret, n: 1 }),
    };
    for (const [what, wrap] of Object.entries(variants)) {
      it(`leaves no more of a secret ${what} in ${encoding}, plain or in a URL, than the bits beside its neighbours`, () => {
        fc.assert(
          fc.property(wellFormed, surroundings, fc.boolean(), (secret, [before, after], inUrl) => {
            const document = before + wrap(secret) + after;
            const text = Buffer.from(document).toString(encoding);
            const output = masked(secret, inUrl ? encodeURIComponent(text) : text);
            expect(output).to.include(MASK);
            for (const part of output.split(MASK)) {
              const left = Buffer.from(decodeURIComponent(part), encoding).toString("latin1");
              expect(left).not.to.include(Buffer.from(secret).toString("latin1"));
            }
          }),
        );
      });
    }
  }

  it("makes every line of a secret of several be masked, however its lines are ended, indented and escaped", () => {
    const line = fc.string({
      minLength: 8,
      maxLength: 64,
      unit: fc.constantFrom("A", "b", "9", "/", "+", '"'),
    });
    const frame = fc.constantFrom<[string, string]>(
      ["", "\n"],
      ["    ", "\r\n"],
      ["12:00 out | ", "\n"],
      ["| ", " |\n"],
    );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 2, maxLength: 6 }),
        frame,
        fc.boolean(),
        (lines, [start, end], asJson) => {
          const printed = lines.map((each) => start + (asJson ? inside(each) : each) + end).join("");
          const output = masked(lines.join("\n"), printed);
          for (const each of lines) expect(output).not.to.include(asJson ? inside(each) : each);
        },
      ),
    );
  });

  it("leaves texts alone that hold only short lines of a secret", () => {
    expect(masked("{\n  a: 1\n}\nhunter22-23", "{\n  a: 1\n}\n")).to.equal("{\n  a: 1\n}\n");
  });
});
