import { expect } from "chai";
import { ClockWatch } from "../../dist/src/util/clock-watch.js";

describe("the watch over a wall clock", () => {
  it("trusts ages while both clocks run alike", () => {
    const watch = new ClockWatch(90_000);
    expect([0, 15_000, 30_000].map((at) => watch.agesHold(1e12 + at, at))).to.deep.equal([true, true, true]);
  });

  for (const jump of [3_600_000, -3_600_000]) {
    it(`trusts no age for a while after a jump of ${jump / 60_000} min`, () => {
      const watch = new ClockWatch(90_000);
      expect(watch.agesHold(1e12, 0)).to.equal(true);
      expect(watch.agesHold(1e12 + jump + 15_000, 15_000)).to.equal(false);
      expect(watch.agesHold(1e12 + jump + 90_000, 90_000)).to.equal(false);
      expect(watch.agesHold(1e12 + jump + 105_000, 105_000)).to.equal(true);
    });
  }
});
