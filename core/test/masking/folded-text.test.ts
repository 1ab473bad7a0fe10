import { expect } from "chai";
import fc from "fast-check";
import { MASK, SecretMasker } from "@molecule/core";
import { foldText } from "../../dist/src/masking/folded-text.js";

/** How outputs end a line, and begin the next one. */
const breaks = ["\n", "\r\n", "\n    ", "\\n", "\\r\\n", "\\\\n", "%0A", "%0d%0a"];

function wrapped(text: string, columns: number, lineBreak: string): string {
  const lines = text.match(new RegExp(`.{1,${columns}}`, "gs")) ?? [];
  return lines.join(lineBreak);
}

describe("foldText", () => {
  it("takes the breaks out of words only, and tells where each character stood", () => {
    const whole = "one: abc\n  def, \nno\r\nghi\n";
    const folded = foldText(whole);
    expect(folded?.text).to.equal("one: abcdef, \nnoghi\n");
    const { length } = "one: abcdef, \nnoghi\n";
    const back = Array.from({ length }, (_, index) => whole[folded?.origin(index) ?? -1]);
    expect(back.join("")).to.equal(folded?.text);
  });

  it("has nothing to do for a text without them", () => {
    expect(foldText("a line.\n\nanother one\n")).to.equal(undefined);
  });
});

describe("SecretMasker, in text that is broken into lines", () => {
  const columns = fc.oneof(fc.constantFrom(76, 64), fc.integer({ min: 1, max: 80 }));

  for (const encoding of ["base64", "base64url"] as const) {
    it(`leaves no secret in ${encoding} of several lines, whatever their width and ends`, () => {
      fc.assert(
        fc.property(
          fc.string({ minLength: 8, maxLength: 200 }),
          fc.string({ maxLength: 90 }),
          fc.string({ maxLength: 90 }),
          columns,
          fc.constantFrom(...breaks),
          (secret, before, after, width, lineBreak) => {
            const masker = new SecretMasker();
            masker.add(secret);
            const encoded = Buffer.from(before + secret + after).toString(encoding);
            const output = masker.mask(`body: ${wrapped(encoded, width, lineBreak)}.`);
            expect(output).to.include(MASK);
            for (const part of output.split(MASK)) {
              const left = Buffer.from(part.replace(/^body: /, "").replaceAll(lineBreak, ""), encoding);
              expect(left.toString("latin1")).not.to.include(Buffer.from(secret).toString("latin1"));
            }
          },
        ),
      );
    });
  }

  it("masks each of several, with what stands between them as it was", () => {
    const masker = new SecretMasker();
    masker.add("first-secret-01");
    masker.add("second-secret-2");
    const text = "a: first-\nsecret-01\nb: plain\ntext\nc: second-secret-2, second-sec\r\n  ret-2.\n";
    expect(masker.mask(text)).to.equal(`a: ${MASK}\nb: plain\ntext\nc: ${MASK}, ${MASK}.\n`);
  });

  it("takes no more than a moment for a large text of nothing but short lines", () => {
    const masker = new SecretMasker();
    masker.add("hunter22-23");
    const text = "QUJD\n".repeat(200_000);
    const started = performance.now();
    expect(masker.mask(text)).to.equal(text);
    expect(performance.now() - started).to.be.below(5_000);
  });
});
