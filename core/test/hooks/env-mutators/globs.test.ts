import { expect } from "chai";
import fc from "fast-check";
import { globMatcher, globsMeet } from "../../../dist/src/hooks/env-mutators/globs.js";

describe("globsMeet", () => {
  const cases: readonly [string, string, boolean][] = [
    ["GH_TOKEN", "GH_TOKEN", true],
    ["GH_TOKEN", "GH_TOKENS", false],
    ["GH_*", "GH_TOKEN", true],
    ["GH_*", "*_TOKEN", true],
    ["GH_*", "GITHUB_*", false],
    ["A?C", "AB*", true],
    ["A?C", "ABBC", false],
    ["*", "*", true],
    ["{GH,GITHUB}_TOKEN", "GITHUB_TOKEN", true],
    ["GITHUB_TOKEN", "{GH,GITHUB}_TOKEN", true],
    ["[A-C]_X", "D_X", false],
  ];
  for (const [a, b, expected] of cases) {
    it(`${a} and ${b} ${expected ? "can" : "can't"} match one name`, () => {
      expect(globsMeet(a, b)).to.equal(expected);
      expect(globsMeet(b, a)).to.equal(expected);
    });
  }

  it("finds every pair of globs that some name matches", () => {
    const letter = fc.constantFrom("A", "B");
    const glob = fc.array(fc.constantFrom("A", "B", "*", "?"), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(glob, glob, fc.array(letter, { minLength: 1, maxLength: 8 }), (one, other, letters) => {
        const [a, b, name] = [one.join(""), other.join(""), letters.join("")];
        const both = [a, b].every((each) => globMatcher([each])?.(name) === true);
        return !both || globsMeet(a, b);
      }),
      { numRuns: 2_000 },
    );
  });
});
