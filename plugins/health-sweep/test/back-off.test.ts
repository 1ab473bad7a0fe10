import { expect } from "chai";
import { planRestart } from "../dist/back-off.js";

describe("the back-off of automatic restarts", () => {
  it("restarts at once, then waits twice as long each time, up to ten minutes", () => {
    const delays = [0, 1, 2, 3, 6, 7, 50].map(
      (restarts) => planRestart({ restarts, sinceRestartMs: 1 }).delayMs,
    );
    expect(delays).to.deep.equal([0, 15_000, 30_000, 60_000, 480_000, 600_000, 600_000]);
  });

  it("begins anew for a workspace that has held out for ten minutes", () => {
    expect(planRestart({ restarts: 5, sinceRestartMs: 600_000 })).to.deep.equal({ restarts: 1, delayMs: 0 });
    expect(planRestart({ restarts: 5, sinceRestartMs: null })).to.deep.equal({ restarts: 1, delayMs: 0 });
  });
});
