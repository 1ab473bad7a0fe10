import { expect } from "chai";
import { ManualClock } from "@molecule/core/testing";
import { bounded } from "../../dist/src/util/bounded.js";
import { settled } from "../support/until.js";

describe("bounded", () => {
  const late = new Error("late");

  function run<T>(
    clock: ManualClock,
    work: (signal: AbortSignal) => T | PromiseLike<T>,
    signal?: AbortSignal,
  ) {
    return bounded(work, { clock, timeoutMs: 1_000, onTimeout: () => late, signal });
  }

  it("gives what the work gives, now or later, and leaves no timer behind", async () => {
    const clock = new ManualClock();
    expect(await run(clock, () => 1)).to.deep.equal({ ok: true, value: 1 });
    expect(await run(clock, () => Promise.resolve(2))).to.deep.equal({ ok: true, value: 2 });
    expect(clock.pendingTimers).to.equal(0);
  });

  it("gives what the work throws or rejects with", async () => {
    const clock = new ManualClock();
    const error = new Error("x");
    const thrown = await run(clock, () => {
      throw error;
    });
    expect(thrown).to.deep.equal({ ok: false, error });
    expect(await run(clock, () => Promise.reject(error))).to.deep.equal({ ok: false, error });
    expect(clock.pendingTimers).to.equal(0);
  });

  it("ends at its time, not before, and aborts the work with the same reason", async () => {
    const clock = new ManualClock();
    let seen: AbortSignal | undefined;
    let isOver = false;
    const call = run(clock, (signal) => {
      seen = signal;
      return new Promise(() => undefined);
    });
    void call.then(() => {
      isOver = true;
    });
    await clock.advance(999);
    expect(isOver).to.be.false;
    expect(seen?.aborted).to.be.false;
    await clock.advance(1);
    expect(await call).to.deep.equal({ ok: false, error: late });
    expect(seen?.reason).to.equal(late);
  });

  it("ends when the outer signal aborts, and takes its listener off it when the work ends first", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const reason = new Error("given up");
    let seen: AbortSignal | undefined;
    const call = run(
      clock,
      (signal) => {
        seen = signal;
        return new Promise(() => undefined);
      },
      controller.signal,
    );
    const done = await run(clock, () => 1, controller.signal);
    controller.abort(reason);
    expect(done).to.deep.equal({ ok: true, value: 1 });
    expect(await call).to.deep.equal({ ok: false, error: reason });
    expect(seen?.reason).to.equal(reason);
    expect(clock.pendingTimers).to.equal(0);
  });

  it("does not start the work under a signal that is aborted already", async () => {
    const clock = new ManualClock();
    let calls = 0;
    const result = await run(clock, () => (calls += 1), AbortSignal.abort(late));
    expect(result).to.deep.equal({ ok: false, error: late });
    expect(calls).to.equal(0);
    expect(clock.pendingTimers).to.equal(0);
  });

  it("swallows what the work rejects with after its time", async () => {
    const clock = new ManualClock();
    let fail: (error: Error) => void = () => undefined;
    const call = run(
      clock,
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    await clock.advance(1_000);
    await call;
    fail(new Error("too late"));
    // An unhandled rejection would end this process.
    await settled();
  });
});
