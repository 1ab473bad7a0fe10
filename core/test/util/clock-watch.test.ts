import { expect } from "chai";
import { ClockWatch } from "../../dist/src/util/clock-watch.js";

describe("the watch over a wall clock", () => {
  it("trusts ages while both clocks run alike", () => {
    const watch = new ClockWatch(90_000);
    const readings = [0, 15_000, 30_000].map((at) => ({ wall: 1e12 + at, monotonic: at }));
    expect(readings.map((reading) => watch.agesHold(reading))).to.deep.equal([true, true, true]);
  });

  for (const jump of [3_600_000, -3_600_000]) {
    it(`trusts no age for a while after a jump of ${jump / 60_000} min`, () => {
      const watch = new ClockWatch(90_000);
      expect(watch.agesHold({ wall: 1e12, monotonic: 0 })).to.equal(true);
      expect(watch.agesHold({ wall: 1e12 + jump + 15_000, monotonic: 15_000 })).to.equal(false);
      expect(watch.agesHold({ wall: 1e12 + jump + 90_000, monotonic: 90_000 })).to.equal(false);
      expect(watch.agesHold({ wall: 1e12 + jump + 105_000, monotonic: 105_000 })).to.equal(true);
    });
  }
});
