import { expect } from "chai";
import { retryAfterMs } from "../dist/retry-after.js";

const NOW = Date.UTC(2024, 0, 1, 12, 0, 0);

describe("retryAfterMs", () => {
  it("reads seconds", () => {
    expect(retryAfterMs("7", NOW)).to.equal(7000);
    expect(retryAfterMs("0", NOW)).to.equal(0);
  });

  it("reads a date, and one that has passed as no wait", () => {
    expect(retryAfterMs("Mon, 01 Jan 2024 12:00:20 GMT", NOW)).to.equal(20_000);
    expect(retryAfterMs("Mon, 01 Jan 2024 11:00:00 GMT", NOW)).to.equal(0);
  });

  it("waits no longer than five minutes", () => {
    expect(retryAfterMs("86400", NOW)).to.equal(300_000);
    expect(retryAfterMs("Tue, 02 Jan 2024 12:00:00 GMT", NOW)).to.equal(300_000);
  });

  for (const header of [null, "", "soon", "-5", "1.5", "2024-01-01", "Monday never"]) {
    it(`takes ${JSON.stringify(header)} for no advice`, () => {
      expect(retryAfterMs(header, NOW)).to.be.null;
    });
  }
});
