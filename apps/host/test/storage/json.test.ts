import { expect } from "chai";
import fc from "fast-check";
import { toJsonb } from "../../dist/storage/json.js";

describe("toJsonb", () => {
  it("replaces NUL and surrogates that stand alone, in values and in keys", () => {
    const stored: unknown = JSON.parse(toJsonb({ "k\0": ["a\0b", "\ud83d", "x\udc00y"] }));
    expect(stored).to.deep.equal({ "k\ufffd": ["a\ufffdb", "\ufffd", "x\ufffdy"] });
  });

  it("leaves backslashes, escapes written out and whole surrogate pairs alone", () => {
    const value = { text: "\\u0000 \\\\u0000 \\ud800", badge: "🤖", quote: '"\n' };
    expect(JSON.parse(toJsonb(value))).to.deep.equal(value);
  });

  it("keeps every string that Postgres can hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("\0"));
        expect(JSON.parse(toJsonb([text]))).to.deep.equal([text]);
      }),
    );
  });

  it("stores what has no JSON text as null", () => {
    expect(toJsonb(undefined)).to.equal("null");
  });
});
