import { expect } from "chai";
import { HeldTick, LoopBench } from "../../support/loops.js";
import { codedFailureOf } from "../../support/failures.js";

describe("LoopRunner, under an operator's control", () => {
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

  const report = { ok: true, detail: null, error: null, duration_ms: 0 };

  it("paused, starts no tick and is never stale; resumed, ticks at once and then in its interval", async () => {
    let ticks = 0;
    bench.add({ intervalMs: 100, tick: () => Promise.resolve(void (ticks += 1)) });
    bench.supervisor.start();
    expect(await bench.supervisor.control("sweep", "pause")).to.equal(null);
    await bench.clock.advance(1_000_000);
    expect(ticks).to.equal(0);
    expect(bench.status()).to.include({ state: "paused", stale: false });
    expect(await bench.supervisor.control("sweep", "resume")).to.equal(null);
    expect(bench.status().stale).to.be.false;
    await bench.clock.advance(0);
    expect(ticks).to.equal(1);
    await bench.supervisor.control("sweep", "resume");
    await bench.clock.advance(99);
    expect(ticks).to.equal(1);
    await bench.clock.advance(1);
    expect(ticks).to.equal(2);
  });

  it("paused during a tick, lets that one end", async () => {
    bench.add({ runAtStart: true, intervalMs: 100, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(0);
    await bench.supervisor.control("sweep", "pause");
    expect(held.contexts[0]?.signal.aborted).to.be.false;
    expect(bench.status().state).to.equal("running");
    held.end();
    await bench.clock.advance(1_000);
    expect(bench.status().state).to.equal("paused");
    expect(held.starts).to.deep.equal([0]);
  });

  it("paused and resumed during a tick, does not start another one beside it", async () => {
    bench.add({ runAtStart: true, intervalMs: 100, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(0);
    await bench.supervisor.control("sweep", "pause");
    await bench.supervisor.control("sweep", "resume");
    await bench.clock.advance(1_000);
    expect(held.starts).to.deep.equal([0]);
    held.end();
    await bench.clock.advance(100);
    expect(held.starts).to.deep.equal([0, 1_100]);
  });

  it("runs now and reports, and counts its interval anew", async () => {
    const starts: number[] = [];
    bench.add({
      tick: () => {
        starts.push(bench.clock.monotonic());
        return Promise.resolve("removed 2");
      },
    });
    bench.supervisor.start();
    await bench.clock.advance(30_000);
    expect(await bench.supervisor.control("sweep", "run")).to.deep.equal({
      ...report,
      detail: "removed 2",
    });
    await bench.clock.advance(60_000);
    expect(starts).to.deep.equal([30_000, 90_000]);
  });

  it("runs now also while paused, and stays paused", async () => {
    let ticks = 0;
    bench.add({ intervalMs: 100, tick: () => Promise.resolve(void (ticks += 1)) });
    bench.supervisor.start();
    await bench.supervisor.control("sweep", "pause");
    await bench.supervisor.control("sweep", "run");
    await bench.clock.advance(1_000);
    expect(ticks).to.equal(1);
    expect(bench.status().state).to.equal("paused");
  });

  it("reports a failing run instead of throwing", async () => {
    bench.add({ tick: () => Promise.reject(new Error("no engine")) });
    bench.supervisor.start();
    expect(await bench.supervisor.control("sweep", "run")).to.deep.equal({
      ...report,
      ok: false,
      error: "no engine",
    });
    expect(bench.status().consecutive_failures).to.equal(1);
  });

  it("refuses to run beside a running tick, also one past its time", async () => {
    bench.add({ runAtStart: true, timeoutMs: 500, tick: held.tick });
    bench.supervisor.start();
    await bench.clock.advance(1_000);
    const error = await codedFailureOf(() => bench.supervisor.control("sweep", "run"));
    expect({ code: error.code, message: error.message }).to.deep.equal({
      code: "LOOP_BUSY",
      message: 'loop "sweep" is running a tick; try again when it has finished',
    });
  });

  for (const fails of [false, true]) {
    it(`a dry run that ${fails ? "fails" : "succeeds"} says so to its tick and is no sign of life`, async () => {
      const dryRuns: boolean[] = [];
      bench.add({
        tick: ({ dryRun }) => {
          dryRuns.push(dryRun);
          return fails ? Promise.reject(new Error("x")) : Promise.resolve("would remove 2");
        },
      });
      bench.supervisor.start();
      const expected = fails ? { ...report, ok: false, error: "x" } : { ...report, detail: "would remove 2" };
      expect(await bench.supervisor.control("sweep", "dry-run")).to.deep.equal(expected);
      expect(dryRuns).to.deep.equal([true]);
      expect(bench.status()).to.include({
        last_success_at: null,
        last_error: null,
        consecutive_failures: 0,
        last_detail: null,
      });
      await bench.clock.advance(60_000);
      expect(dryRuns).to.deep.equal([true, false]);
    });
  }
});
