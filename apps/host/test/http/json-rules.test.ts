import { expect } from "chai";
import { forbiddenIn, MAX_DEPTH } from "../../dist/http/json-rules.js";

function nested(levels: number): unknown {
  return JSON.parse("[".repeat(levels) + "]".repeat(levels));
}

describe("forbiddenIn", () => {
  it("finds nothing in ordinary data, whatever its kind", () => {
    for (const value of [null, true, 1.5, "text 🤖", [], {}, { a: [{ b: "c\n" }], "": "" }]) {
      expect(forbiddenIn(value)).to.deep.equal([]);
    }
  });

  it("names the place of every NUL, half surrogate and __proto__, in values and in keys", () => {
    const body: unknown = JSON.parse(
      String.raw`{"a":["x","n\u0000ul"],"b":{"half":"\ud83e"},"c":{"__proto__":{}},"d\u0000":1,"e":{"\udc00":2}}`,
    );
    const faults = forbiddenIn(body);
    expect(faults.map(({ path, found }) => `${path}: ${found}`)).to.have.members([
      "a.1: a text with NUL",
      "b.half: a text with half a surrogate pair",
      "c.__proto__: the key __proto__",
      String.raw`d\u0000: a key with NUL`,
      String.raw`e.\udc00: a key with half a surrogate pair`,
    ]);
  });

  it("names the place of a number that is none any more once it is parsed", () => {
    const body: unknown = JSON.parse('{"x":1e308,"y":[-1e999],"z":{"zoom":1e999}}');
    expect(forbiddenIn(body).map(({ path, found }) => `${path}: ${found}`)).to.have.members([
      "y.0: a number that is too large",
      "z.zoom: a number that is too large",
    ]);
  });

  it("judges a body that is a bare text as well", () => {
    expect(forbiddenIn("\0")).to.deep.equal([
      { path: "", found: "a text with NUL", allowed: "a text without \\u0000" },
    ]);
  });

  it("allows a hundred levels and no more, however deep the sender went", () => {
    expect(forbiddenIn(nested(MAX_DEPTH))).to.deep.equal([]);
    const tooDeep = [{ path: "", found: "more than 100 levels", allowed: "at most 100 levels" }];
    expect(forbiddenIn(nested(MAX_DEPTH + 1))).to.deep.equal(tooDeep);
    expect(forbiddenIn(nested(500_000))).to.deep.equal(tooDeep);
  });

  it("tells twenty faults of a body that is full of them", () => {
    expect(forbiddenIn(Array.from({ length: 1000 }, () => "\0"))).to.have.length(20);
  });
});
