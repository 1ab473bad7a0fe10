import { PassThrough } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import { SecretMasker } from "@molecule/core";
import { captureLines } from "../../../dist/src/plugins/isolation/captured-output.js";
import { settled, until } from "../../support/until.js";

describe("captureLines", () => {
  async function linesOf(chunks: readonly (string | Buffer)[]): Promise<string[]> {
    const stream = new PassThrough();
    const lines: string[] = [];
    captureLines(stream, (line) => lines.push(line));
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    await until(() => stream.readableEnded, "the stream's end");
    await settled();
    return lines;
  }

  it("gives whole lines however they are cut up, without line ends, empty ones left out", async () => {
    expect(await linesOf(["on", "e\ntwo\r\n\n  \nthr", "ee\n"])).to.deep.equal(["one", "two", "three"]);
  });

  it("gives the last line at the stream's end", async () => {
    expect(await linesOf(["one\nrest"])).to.deep.equal(["one", "rest"]);
  });

  it("puts characters together whose bytes are cut apart", async () => {
    const bytes = Buffer.from("ü\n");
    expect(await linesOf([bytes.subarray(0, 1), bytes.subarray(1)])).to.deep.equal(["ü"]);
  });

  it("leaves a line out that is longer than 64 Ki characters, and says so, rather than cut a secret apart", async () => {
    const left = "(a line of more than 65536 characters was left out)";
    const long = "a".repeat(40_000);
    expect(await linesOf([long, long, `${long}\n`, "next\n"])).to.deep.equal([left, "next"]);
    expect(await linesOf([`${long}${long}\nnext\n`])).to.deep.equal([left, "next"]);
    expect(await linesOf([long, long])).to.deep.equal([left]);
    expect(await linesOf(["b".repeat(65_536)])).to.deep.equal(["b".repeat(65_536)]);
  });

  it("gives no piece of a secret that nothing masks, however the output is cut up and the secret is made", async () => {
    const piece = fc.string({ minLength: 8, maxLength: 30, unit: fc.constantFrom("S", "E", "ä", "9") });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(200), { maxLength: 6 }),
        async (parts, cuts) => {
          const secret = parts.join("\n");
          const masker = new SecretMasker();
          masker.add(secret);
          const bytes = Buffer.from(`the key is ${secret} and no other\n`);
          const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          const shown = (await linesOf(chunks)).map((line) => masker.mask(line)).join("\n");
          for (const part of parts) expect(shown).not.to.include(part);
        },
      ),
      { numRuns: 50 },
    );
  });
});
