import { expect } from "chai";
import { HeldTick, LoopBench } from "../../support/loops.js";

describe("LoopRunner", () => {
  let bench: LoopBench;
  let held: HeldTick;

  beforeEach(() => {
    bench = new LoopBench();
    held = new HeldTick(bench.clock);
  });

  afterEach(async () => {
    held.end();
    await bench.supervisor.stop();
  });

  it("ticks at once where it is to run at start, else after an interval", async () => {
    bench.add({ name: "now", runAtStart: true, tick: held.tick });
    const later = new HeldTick(bench.clock);
    bench.add({ name: "later", tick: later.tick });
    bench.supervisor.start();
    await bench.clock.advance(59_999);
    expect([held.starts, later.starts]).to.deep.equal([[0], []]);
    await bench.clock.advance(1);
    expect(later.starts).to.deep.equal([60_000]);
    later.end();
  });

  it("never runs two ticks at a time: the interval counts from the end of a tick", async () => {
    bench.add({ runAtStart: true, intervalMs: 100, timeoutMs: 10_000, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(5_000);
    held.end();
    await bench.clock.advance(100);
    expect(held.starts).to.deep.equal([0, 5_100]);
    expect(held.mostAtOnce).to.equal(1);
  });

  it("backs off from 1 s to 30 s while ticks fail, and is back in its interval after a success", async () => {
    const starts: number[] = [];
    let fails = true;
    bench.add({
      runAtStart: true,
      intervalMs: 60_000,
      tick: () => {
        starts.push(bench.clock.monotonic());
        return fails ? Promise.reject(new Error("no engine")) : Promise.resolve();
      },
    });
    bench.supervisor.start();
    await bench.clock.advance(91_000);
    const waits = starts.map((start, index) => start - (starts[index - 1] ?? 0));
    expect(waits).to.deep.equal([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    fails = false;
    await bench.clock.advance(30_000);
    starts.length = 0;
    await bench.clock.advance(59_999);
    expect(starts).to.deep.equal([]);
    fails = true;
    await bench.clock.advance(1);
    await bench.clock.advance(1_000);
    expect(starts).to.deep.equal([181_000, 182_000]);
    expect(bench.log.lines[0]).to.deep.equal({
      level: "warn",
      message: "tick failed: no engine",
      fields: { plugin: "acme", loop: "sweep", failures: 1 },
    });
  });

  it("takes a tick that throws at once like one that rejects", async () => {
    bench.add({
      runAtStart: true,
      tick: () => {
        throw new Error("at once");
      },
    });
    bench.supervisor.start();
    await bench.clock.advance(0);
    expect(bench.status()).to.include({ consecutive_failures: 1, last_error: "at once" });
  });

  it("aborts a tick after its time, and ticks on after the back-off when it heeds the abort", async () => {
    bench.add({ runAtStart: true, timeoutMs: 500, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(499);
    const signal = held.contexts[0]?.signal;
    expect(signal?.aborted).to.be.false;
    signal?.addEventListener("abort", () => {
      held.end();
    });
    await bench.clock.advance(1);
    expect(signal?.reason).to.have.property("code", "LOOP_TICK_TIMEOUT");
    expect(bench.status()).to.include({
      state: "waiting",
      consecutive_failures: 1,
      last_error: 'loop "sweep" (plugin "acme"): the tick was aborted after 500 ms',
      last_duration_ms: 500,
    });
    await bench.clock.advance(1_000);
    expect(held.starts).to.deep.equal([0, 1_500]);
  });

  it("starts no second tick beside one that ignores its abort, and goes on when that one has ended", async () => {
    bench.add({ runAtStart: true, intervalMs: 100, timeoutMs: 500, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(60_000);
    expect(held.starts).to.deep.equal([0]);
    expect(bench.status().state).to.equal("running");
    held.fail(new Error("rejects late"));
    await bench.clock.advance(1_000);
    expect(held.starts).to.deep.equal([0, 61_000]);
    expect(bench.status().last_error).to.equal(
      'loop "sweep" (plugin "acme"): the tick was aborted after 500 ms',
    );
  });

  it("varies each wait by its jitter, to both sides", async () => {
    bench.randoms.push(0, 0.999_999, 0.75);
    const starts: number[] = [];
    bench.add({
      intervalMs: 1_000,
      jitter: 0.2,
      tick: () => {
        starts.push(Math.round(bench.clock.monotonic()));
        return Promise.resolve();
      },
    });
    bench.supervisor.start();
    await bench.clock.advance(3_200);
    expect(starts).to.deep.equal([800, 2_000, 3_100]);
  });

  it("never waits longer than a timer can, whatever the jitter adds: that would fire at once", async () => {
    bench.randoms.push(0.999);
    bench.add({ intervalMs: 2 ** 31 - 1, jitter: 1, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(2 ** 31 - 2);
    expect(held.starts).to.deep.equal([]);
    await bench.clock.advance(1);
    expect(held.starts).to.deep.equal([2 ** 31 - 1]);
  });

  it("does not heed the wall clock", async () => {
    bench.add({ intervalMs: 1_000, tick: held.tick });
    bench.supervisor.start();
    bench.clock.jump(3_600_000);
    await bench.clock.advance(999);
    expect(held.starts).to.deep.equal([]);
    bench.clock.jump(-7_200_000);
    await bench.clock.advance(1);
    expect(held.starts).to.deep.equal([1_000]);
    expect(bench.status().stale).to.be.false;
  });

  it("tells of each finished tick, for metrics", async () => {
    let fails = false;
    bench.add({ intervalMs: 10, tick: () => (fails ? Promise.reject(new Error("x")) : Promise.resolve()) });
    bench.supervisor.start();
    await bench.clock.advance(10);
    fails = true;
    await bench.clock.advance(10);
    expect(bench.ticks).to.deep.equal([
      { loop: "sweep", plugin: "acme", outcome: "ok", durationMs: 0 },
      { loop: "sweep", plugin: "acme", outcome: "failed", durationMs: 0 },
    ]);
  });

  it("tells ticks that did nothing or were stopped apart, and no dry runs", async () => {
    const held = new LoopBench({ acquire: () => Promise.resolve(null) });
    held.add({ intervalMs: 10, singleton: true, tick: () => Promise.reject(new Error("not ours")) });
    held.supervisor.start();
    await held.clock.advance(10);
    expect(held.ticks.map(({ outcome }) => outcome)).to.deep.equal(["standby"]);
    await held.supervisor.stop();

    bench.add({
      intervalMs: 10,
      tick: ({ signal, dryRun }) =>
        dryRun ? Promise.resolve() : new Promise((_, reject) => void (signal.onabort = reject)),
    });
    bench.supervisor.start();
    await bench.supervisor.control("sweep", "dry-run");
    await bench.clock.advance(10);
    await bench.supervisor.stop();
    expect(bench.ticks.map(({ outcome }) => outcome)).to.deep.equal(["stopped"]);
  });
});
