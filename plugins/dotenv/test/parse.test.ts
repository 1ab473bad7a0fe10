import { expect } from "chai";
import fc from "fast-check";
import { parse } from "../dist/parse.js";

/** What a file of one line gives: its one variable, `null` for nothing, or the reason of its warning. */
type Expected = readonly [name: string, value: string] | null | { readonly warning: RegExp };

const NO_EQUALS: Expected = { warning: /^there is no "="/ };
const NO_NAME: Expected = { warning: /^what stands before "=" is no name/ };
const NOT_CLOSED: Expected = { warning: /^the quote of A is not closed in its line/ };

const LINES: readonly (readonly [line: string, expected: Expected])[] = [
  ["A=b", ["A", "b"]],
  ["A=", ["A", ""]],
  ["A=   ", ["A", ""]],
  ["  A=b", ["A", "b"]],
  ["\tA\t=\tb\t", ["A", "b"]],
  ["A = b c ", ["A", "b c"]],
  ["_a1=b", ["_a1", "b"]],
  ["lower=b", ["lower", "b"]],
  ["export A=b", ["A", "b"]],
  ["export \t A=b", ["A", "b"]],
  ["export=b", ["export", "b"]],
  ["exported=b", ["exported", "b"]],
  ["A=b=c", ["A", "b=c"]],
  ["KEY=aGVsbG8gd29ybGQ=", ["KEY", "aGVsbG8gd29ybGQ="]],
  ["KEY=k1:AAAA+/==", ["KEY", "k1:AAAA+/=="]],
  ["", null],
  ["   ", null],
  ["# comment", null],
  ["   # A=b", null],
  ["#A=b", null],
  ["A=b # comment", ["A", "b"]],
  ["A=b\t# comment", ["A", "b"]],
  ["A=b#c", ["A", "b#c"]],
  ["A=b#c # d", ["A", "b#c"]],
  ["A=#c", ["A", "#c"]],
  ["A= #c", ["A", ""]],
  ["A=http://x/#frag", ["A", "http://x/#frag"]],
  ['A="b"', ["A", "b"]],
  ["A='b'", ["A", "b"]],
  ['A=""', ["A", ""]],
  ["A=''", ["A", ""]],
  ['A="  b  "', ["A", "  b  "]],
  ['A="b # c"', ["A", "b # c"]],
  ['A="b" # c', ["A", "b"]],
  ['A="b" # say "c"', ["A", "b"]],
  ["A=\"'b'\"", ["A", "'b'"]],
  ["A='\"b\"'", ["A", '"b"']],
  ['A=""b""', ["A", '"b"']],
  ['A="{"a":1}"', ["A", '{"a":1}']],
  ['A="b\\nc"', ["A", "b\\nc"]],
  ['A="b\\"c"', ["A", 'b\\"c']],
  ["A=b\\nc", ["A", "b\\nc"]],
  ["A=$HOME/${B}", ["A", "$HOME/${B}"]],
  ['A="$(id)"', ["A", "$(id)"]],
  ["A=`b`", ["A", "`b`"]],
  ["A=it's", ["A", "it's"]],
  ["A=ä→🤖", ["A", "ä→🤖"]],
  ["\uFEFFA=b", ["A", "b"]],
  ["A=b\r", ["A", "b"]],
  ['A="b"\r', ["A", "b"]],
  ["\r", null],
  ["A", NO_EQUALS],
  ["export A", NO_EQUALS],
  ["-----BEGIN KEY-----", NO_EQUALS],
  ["=b", NO_NAME],
  ["1A=b", NO_NAME],
  ["A-B=c", NO_NAME],
  ["A B=c", NO_NAME],
  ["set A=b", NO_NAME],
  ['A="b', NOT_CLOSED],
  ["A='b", NOT_CLOSED],
  ['A="', NOT_CLOSED],
  ["A=\"b'", NOT_CLOSED],
  ['A="b"c', NOT_CLOSED],
  ['A="b"#c', NOT_CLOSED],
  ["A=b\0c", { warning: /^the value of A holds NUL/ }],
  ["A=\uFFFD", { warning: /^the value of A is not UTF-8/ }],
  [`A=${"x".repeat(131_072 - 3)}`, ["A", "x".repeat(131_072 - 3)]],
  [`A=${"x".repeat(131_072 - 2)}`, { warning: /^the value of A is over 128 KiB/ }],
];

describe("parse", () => {
  for (const [line, expected] of LINES) {
    it(`reads ${JSON.stringify(line.slice(0, 40))} by the rules`, () => {
      const { variables, warnings } = parse(line);
      if (expected === null) {
        expect({ variables, warnings }).to.deep.equal({ variables: [], warnings: [] });
      } else if ("warning" in expected) {
        expect(variables).to.deep.equal([]);
        expect(warnings.map(({ line }) => line)).to.deep.equal([1]);
        expect(warnings[0]?.reason).to.match(expected.warning);
      } else {
        const [name, value] = expected;
        expect({ variables, warnings }).to.deep.equal({
          variables: [{ name, value, line: 1 }],
          warnings: [],
        });
      }
    });
  }

  it("goes on after a malformed line, and tells each by its number", () => {
    const { variables, warnings } = parse('# first\r\nA=1\r\nnonsense\r\nB="open\r\nC=3');
    expect(variables.map(({ name, value, line }) => [name, value, line])).to.deep.equal([
      ["A", "1", 2],
      ["C", "3", 5],
    ]);
    expect(warnings.map(({ line }) => line)).to.deep.equal([3, 4]);
  });

  it("takes the last of several lines for one name, and warns", () => {
    const { variables, warnings } = parse("A=1\nB=2\nA=3\n");
    expect(variables).to.deep.equal([
      { name: "A", value: "3", line: 3 },
      { name: "B", value: "2", line: 2 },
    ]);
    expect(warnings).to.deep.equal([{ line: 3, reason: "A stands in line 1 already; this one counts" }]);
  });

  it("never throws, gives only variables that a process can have, and tells no value", () => {
    const piece = fc.oneof(
      fc.constantFrom("A", "B", "=", " ", "\t", "#", '"', "'", "\r", "\n", "export ", "\0", "\uFEFF", "\\"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    const texts = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(texts, (text) => {
        const { variables, warnings } = parse(text);
        const lines = text.split("\n").length;
        for (const { name, value, line } of variables) {
          expect(name).to.match(/^[A-Za-z_][A-Za-z0-9_]*$/);
          expect(value).not.to.match(/[\0\n]/);
          expect(line).to.be.within(1, lines);
          expect(text).to.contain(value);
        }
        expect(new Set(variables.map(({ name }) => name)).size).to.equal(variables.length);
        for (const { line } of warnings) expect(line).to.be.within(1, lines);
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads back whatever stands between quotes", () => {
    const value = fc.string({ unit: "binary" }).filter((text) => !/[\0\n\r\uFFFD"]/.test(text));
    fc.assert(
      fc.property(value, (text) => {
        expect(parse(`A="${text}"`).variables[0]?.value).to.equal(text);
      }),
    );
  });

  it("tells nothing of a value in a warning", () => {
    const { warnings } = parse(
      "A='hunter2\nhunter2\nhunter2 hunter2=hunter2\nB=hunter2\nB=hunter2\nC=hunter2\0\n",
    );
    expect(warnings).to.have.length(5);
    expect(JSON.stringify(warnings)).not.to.contain("hunter2");
  });

  it("takes a megabyte of blanks and quotes in no time", () => {
    // What other processes take of the machine meanwhile is not counted.
    const started = process.cpuUsage();
    for (const filler of [" ", '"', '" ', "' #", "=", "#"]) {
      parse(`A="${filler.repeat(1_048_576 / filler.length)}x`);
      parse(`A=x${filler.repeat(1_048_576 / filler.length)}x`);
    }
    expect(process.cpuUsage(started).user / 1_000).to.be.below(5_000);
  });
});
