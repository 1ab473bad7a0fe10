import { expect } from "chai";
import { HeldTick, LoopBench } from "../../support/loops.js";

describe("a loop's liveness", () => {
  let bench: LoopBench;

  beforeEach(() => {
    bench = new LoopBench();
  });

  afterEach(() => bench.supervisor.stop());

  it("tells when it ticked, how long that took, what came of it and what went wrong last", async () => {
    let fails = false;
    bench.add({
      intervalMs: 1_000,
      tick: async () => {
        await new Promise<void>((resolve) => {
          bench.clock.timer(resolve, 25);
        });
        if (fails) throw new Error("no engine");
        return "removed 2";
      },
    });
    bench.supervisor.start();
    expect(bench.status()).to.deep.equal({
      name: "sweep",
      plugin: "acme",
      state: "waiting",
      interval_ms: 1_000,
      singleton: false,
      last_tick_at: null,
      last_success_at: null,
      last_success_age_ms: null,
      last_error: null,
      last_error_at: null,
      consecutive_failures: 0,
      last_duration_ms: null,
      last_detail: null,
      stale: false,
    });
    await bench.clock.advance(1_025);
    fails = true;
    await bench.clock.advance(1_025);
    expect(bench.status()).to.include({
      last_tick_at: "2026-01-01T00:00:02.025Z",
      last_success_at: "2026-01-01T00:00:01.025Z",
      last_success_age_ms: 1_025,
      last_error: "no engine",
      last_error_at: "2026-01-01T00:00:02.050Z",
      consecutive_failures: 1,
      last_duration_ms: 25,
      last_detail: "removed 2",
    });
  });

  it("tells the age of the last success whatever the wall clock does", async () => {
    bench.add({ intervalMs: 10_000, tick: () => Promise.resolve() });
    bench.supervisor.start();
    await bench.clock.advance(12_000);
    bench.clock.jump(-3_600_000);
    expect(bench.status()).to.include({ last_success_age_ms: 2_000 });
    bench.clock.jump(7_200_000);
    expect(bench.status()).to.include({ last_success_age_ms: 2_000 });
  });

  it("is stale after three intervals without a success, and no longer after one", async () => {
    let fails = true;
    bench.add({
      intervalMs: 10_000,
      timeoutMs: 5_000,
      tick: () => (fails ? Promise.reject(new Error("x")) : Promise.resolve()),
    });
    bench.supervisor.start();
    await bench.clock.advance(30_000);
    expect(bench.status().stale).to.be.false;
    await bench.clock.advance(1);
    expect(bench.status().stale).to.be.true;
    fails = false;
    await bench.clock.advance(30_000);
    expect(bench.status().stale).to.be.false;
  });

  it("is given three times its timeout where that is longer than its interval, until a tick fails", async () => {
    const ticks: HeldTick[] = [];
    bench.add({
      intervalMs: 10_000,
      timeoutMs: 50_000,
      tick: (context) => {
        const held = new HeldTick(bench.clock);
        ticks.push(held);
        return held.tick(context);
      },
    });
    bench.supervisor.start();
    await bench.clock.advance(40_001);
    expect(bench.status(), "its first tick takes 30 s").to.include({ state: "running", stale: false });
    ticks[0]?.end();
    await bench.clock.advance(55_000);
    expect(bench.status(), "its second tick takes 45 s").to.include({ state: "running", stale: false });
    await bench.clock.advance(5_001);
    expect(bench.status(), "its second tick has timed out").to.include({
      consecutive_failures: 1,
      stale: true,
    });
    ticks[1]?.end();
    await bench.clock.advance(1_000);
    ticks[2]?.end();
    await bench.clock.advance(1);
    expect(bench.status()).to.include({ consecutive_failures: 0, stale: false });
  });
});
