import { expect } from "chai";
import {
  formatBytes,
  formatMs,
  formatPayload,
  formatSeconds,
  formatTime,
  withoutColours,
} from "../../dist-test/src/state/format.js";

describe("format", () => {
  it("tells a time span in its two largest units", () => {
    expect([0, 59.9, 60, 3725, 180_000, -1].map(formatSeconds)).to.deep.equal([
      "0 s",
      "59 s",
      "1 min",
      "1 h 2 min",
      "2 d 2 h",
      "0 s",
    ]);
  });

  it("tells ms and bytes in a unit that fits", () => {
    expect([0.04, 9.96, 12.3, 1520].map(formatMs)).to.deep.equal(["0 ms", "10 ms", "12 ms", "1.5 s"]);
    expect([512, 3300].map(formatBytes)).to.deep.equal(["512 B", "3.2 KiB"]);
  });

  it("tells a payload in one line, without what is empty", () => {
    expect(formatPayload({ error: "no image", missing: ["A"], runtime: "", x: null })).to.equal(
      'error: no image · missing: ["A"]',
    );
  });

  it("leaves a time alone that is none", () => {
    expect(formatTime("soon")).to.equal("soon");
  });

  it("takes terminal colours out of output and leaves the rest", () => {
    const escape = String.fromCharCode(27);
    expect(withoutColours(`${escape}[1;31mred${escape}[0m [31m`)).to.equal("red [31m");
  });
});
