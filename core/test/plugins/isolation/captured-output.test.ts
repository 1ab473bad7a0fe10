import { PassThrough } from "node:stream";
import { expect } from "chai";
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

  it("cuts up what has no line end, so that it never keeps more than 8 KiB", async () => {
    const lines = await linesOf(["a", "b", "c"].map((letter) => letter.repeat(8_000)));
    expect(lines.map(({ length }) => length)).to.deep.equal([8_192, 8_192, 7_616]);
    expect(lines.join("")).to.equal("a".repeat(8_000) + "b".repeat(8_000) + "c".repeat(8_000));
  });
});
