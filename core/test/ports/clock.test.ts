import { expect } from "chai";
import { sleep } from "@molecule/core";
import { ManualClock } from "@molecule/core/testing";

describe("sleep", () => {
  it("resolves after its time and leaves nothing on the signal", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    let isOver = false;
    const asleep = sleep(clock, 50, controller.signal).then(() => {
      isOver = true;
    });
    await clock.advance(49);
    expect(isOver).to.be.false;
    await clock.advance(1);
    await asleep;
    controller.abort();
    expect(clock.pendingTimers).to.equal(0);
  });

  it("rejects with the signal's reason, before or while it sleeps, and drops its timer", async () => {
    const clock = new ManualClock();
    const reason = new Error("stop");
    const controller = new AbortController();
    const asleep = sleep(clock, 50, controller.signal);
    controller.abort(reason);
    const outcomes = await Promise.allSettled([asleep, sleep(clock, 50, AbortSignal.abort("a text"))]);
    expect(outcomes[0]).to.deep.equal({ status: "rejected", reason });
    expect(outcomes[1]).to.have.nested.property("reason.message", "a text");
    expect(clock.pendingTimers).to.equal(0);
  });
});
