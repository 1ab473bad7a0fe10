import { getEventListeners } from "node:events";
import { expect } from "chai";
import { sleep } from "../dist/clock.js";
import { StandingClock } from "./support/test-clocks.js";

describe("sleep", () => {
  it("wakes at its time and takes its listener off the signal", async () => {
    const clock = new StandingClock();
    const { signal } = new AbortController();
    const asleep = sleep(clock, 1000, signal);
    expect(getEventListeners(signal, "abort")).to.have.length(1);
    clock.pass();
    await asleep;
    expect(getEventListeners(signal, "abort")).to.deep.equal([]);
  });

  it("wakes when the signal aborts and leaves no timer behind", async () => {
    const clock = new StandingClock();
    const stop = new AbortController();
    const asleep = sleep(clock, 1000, stop.signal);
    stop.abort();
    await asleep;
    expect(clock.waiting).to.equal(0);
  });

  it("does not fall asleep under a signal that has aborted", async () => {
    const clock = new StandingClock();
    await sleep(clock, 1000, AbortSignal.abort());
    expect(clock.waiting).to.equal(0);
  });
});
