import { expect } from "chai";
import { ManualClock } from "@molecule/core/testing";

describe("ManualClock", () => {
  it("fires timers in the order of their times, each at its own, and what they start in between", async () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    const note = (name: string) => () => {
      fired.push(`${name} at ${clock.monotonic()}`);
    };
    clock.timer(note("late"), 30);
    clock.timer(() => {
      note("early")();
      void Promise.resolve().then(() => clock.timer(note("between"), 10));
    }, 10);
    clock.timer(note("also early"), 10);
    clock.timer(note("too late"), 31);
    await clock.advance(30);
    expect(fired).to.deep.equal(["early at 10", "also early at 10", "between at 20", "late at 30"]);
    expect(clock.pendingTimers).to.equal(1);
  });

  it("does not fire a cancelled timer", async () => {
    const clock = new ManualClock();
    let fired = 0;
    const cancel = clock.timer(() => (fired += 1), 10);
    cancel();
    cancel();
    await clock.advance(100);
    expect(fired).to.equal(0);
  });

  it("moves both clocks when time passes, and only the wall clock when it jumps", async () => {
    const clock = new ManualClock(1_000);
    await clock.advance(5);
    clock.jump(-600);
    expect([clock.now(), clock.monotonic()]).to.deep.equal([405, 5]);
  });
});
