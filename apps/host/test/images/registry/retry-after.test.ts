import { expect } from "chai";
import { retryAfterMs } from "../../../dist/images/registry/retry-after.js";

const NOW = Date.UTC(2026, 0, 1);

describe("how long a registry wants to be left alone", () => {
  for (const [header, body, expected] of [
    ["7", "", 7_000],
    [" 0 ", "", 0],
    ["Thu, 01 Jan 2026 00:00:09 GMT", "", 9_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", "", 0],
    [null, "toomanyrequests: retry-after: 880.5µs, allowed: 44000/minute", 0.8805],
    [null, '{"errors":[{"message":"retry-after: 1.5ms, allowed"}]}', 1.5],
    [null, "Retry-After: 1m2s", 62_000],
    ["soon", "retry-after: 2s", 2_000],
    [null, "retry-after: never", null],
    [null, "", null],
    ["-1", "", null],
  ] as const) {
    it(`${JSON.stringify(header)} with ${JSON.stringify(body)} is ${expected ?? "not said"}`, () => {
      const found = retryAfterMs(header, body, NOW);
      if (expected === null) expect(found).to.equal(null);
      else expect(found).to.be.closeTo(expected, 0.001);
    });
  }
});
