import { expect } from "chai";
import { HeldTick, LoopBench } from "../../support/loops.js";
import { codedFailureOf } from "../../support/failures.js";
import { settled } from "../../support/until.js";

describe("LoopSupervisor", () => {
  let bench: LoopBench;

  beforeEach(() => {
    bench = new LoopBench();
  });

  /** A loop that notes when it ticks. */
  function addNoting(name: string, intervalMs: number, starts: number[]): void {
    bench.add({
      name,
      intervalMs,
      tick: () => {
        starts.push(bench.clock.monotonic());
        return Promise.resolve();
      },
    });
  }

  it("ticks nothing before it is started", async () => {
    const starts: number[] = [];
    addNoting("sweep", 10, starts);
    await bench.clock.advance(100);
    expect(starts).to.deep.equal([]);
    expect(bench.supervisor.status()).to.deep.equal([]);
  });

  it("ticks each loop in its own interval", async () => {
    const slow: number[] = [];
    const fast: number[] = [];
    addNoting("slow", 100, slow);
    addNoting("fast", 40, fast);
    bench.supervisor.start();
    await bench.clock.advance(200);
    expect({ slow, fast }).to.deep.equal({ slow: [100, 200], fast: [40, 80, 120, 160, 200] });
    await bench.supervisor.stop();
  });

  it("started twice, ticks each loop once", async () => {
    const starts: number[] = [];
    addNoting("sweep", 100, starts);
    bench.supervisor.start();
    bench.supervisor.start();
    await bench.clock.advance(100);
    expect(starts).to.deep.equal([100]);
    await bench.supervisor.stop();
  });

  it("lets a hung loop keep nobody but itself", async () => {
    const hung = new HeldTick(bench.clock);
    const starts: number[] = [];
    bench.add({ name: "hung", intervalMs: 10, timeoutMs: 50, tick: hung.tick });
    addNoting("good", 100, starts);
    bench.supervisor.start();
    await bench.clock.advance(400);
    expect(hung.starts).to.deep.equal([10]);
    expect(starts).to.deep.equal([100, 200, 300, 400]);
    expect(bench.status("hung")).to.include({ state: "running", consecutive_failures: 1, stale: true });
    expect(bench.status("good")).to.include({ state: "waiting", stale: false });
    hung.end();
    await bench.supervisor.stop();
  });

  it("takes up a loop that comes later, and gives it up again without touching the others", async () => {
    const starts: number[] = [];
    addNoting("first", 100, starts);
    bench.supervisor.start();
    const late = new HeldTick(bench.clock);
    const loop = bench.add({ name: "late", runAtStart: true, tick: late.tick });
    const giveUp = bench.supervisor.adopt(loop);
    await bench.clock.advance(0);
    expect(late.starts).to.deep.equal([0]);
    let isGone = false;
    const gone = giveUp().then(() => {
      isGone = true;
    });
    await settled();
    expect(isGone, "it waits for the running tick").to.be.false;
    expect(late.contexts[0]?.signal.reason).to.have.property("code", "LOOP_STOPPED");
    late.end();
    await gone;
    await giveUp();
    await bench.clock.advance(200);
    expect(late.starts).to.have.length(1);
    expect(starts).to.deep.equal([100, 200]);
    await bench.supervisor.stop();
  });

  it("adopts nothing before it is started: the loop starts with all others", async () => {
    const tick = new HeldTick(bench.clock);
    const loop = bench.add({ runAtStart: true, tick: tick.tick });
    const giveUp = bench.supervisor.adopt(loop);
    await bench.clock.advance(0);
    expect(tick.starts).to.deep.equal([]);
    bench.supervisor.start();
    await bench.clock.advance(0);
    expect(tick.starts).to.deep.equal([0]);
    tick.end();
    await giveUp();
    expect(bench.supervisor.status()).to.deep.equal([]);
  });

  it("gives a loop up after 10 s when its tick ignores the abort", async () => {
    const hung = new HeldTick(bench.clock);
    const giveUp = bench.supervisor.adopt(bench.add({ runAtStart: true, tick: hung.tick }));
    bench.supervisor.start();
    await bench.clock.advance(0);
    let isGone = false;
    const gone = giveUp().then(() => {
      isGone = true;
    });
    await bench.clock.advance(9_999);
    expect(isGone).to.be.false;
    await bench.clock.advance(1);
    await gone;
    hung.end();
  });

  it("stopping aborts the running ticks and waits for them, and nothing ticks afterwards", async () => {
    const tick = new HeldTick(bench.clock);
    bench.add({ runAtStart: true, intervalMs: 10, tick: tick.tick });
    bench.supervisor.start();
    await bench.clock.advance(0);
    let isStopped = false;
    const stopped = bench.supervisor.stop().then(() => {
      isStopped = true;
    });
    await settled();
    expect(isStopped).to.be.false;
    const reason: unknown = tick.contexts[0]?.signal.reason;
    expect(reason).to.have.property("message", 'loop "sweep" (plugin "acme") was stopped while its tick ran');
    tick.end();
    await stopped;
    await bench.clock.advance(1_000);
    expect(tick.starts).to.have.length(1);
    expect(bench.clock.pendingTimers).to.equal(0);
    expect(bench.supervisor.status()).to.deep.equal([]);
    expect(bench.log.lines, "a stop is no failure to warn of").to.deep.equal([]);
  });

  it("stopping waits 10 s at most, and names the loops that ignore their abort", async () => {
    const hung = new HeldTick(bench.clock);
    const good = new HeldTick(bench.clock);
    bench.add({ name: "hung", runAtStart: true, tick: hung.tick });
    bench.add({ name: "good", runAtStart: true, tick: good.tick });
    bench.supervisor.start();
    await bench.clock.advance(0);
    let isStopped = false;
    const stopped = bench.supervisor.stop().then(() => {
      isStopped = true;
    });
    good.end();
    await bench.clock.advance(9_999);
    expect(isStopped).to.be.false;
    await bench.clock.advance(1);
    await stopped;
    expect(bench.log.lines.map(({ message }) => message)).to.deep.equal([
      "stopped without waiting for ticks that ignore their abort: hung",
    ]);
    expect(bench.clock.pendingTimers).to.equal(0);
    hung.end();
    await bench.clock.advance(100_000);
    expect(hung.starts).to.have.length(1);
  });

  it("stopped, takes no loop up any more, until it is started again", async () => {
    const starts: number[] = [];
    bench.supervisor.start();
    await bench.supervisor.stop();
    const loop = bench.add({
      intervalMs: 100,
      tick: () => Promise.resolve(void starts.push(bench.clock.monotonic())),
    });
    bench.supervisor.adopt(loop);
    await bench.clock.advance(100);
    expect(starts).to.deep.equal([]);
    bench.supervisor.start();
    await bench.clock.advance(100);
    expect(starts).to.deep.equal([200]);
    await bench.supervisor.stop();
  });

  it("refuses to control a loop that it does not run, and names those that it does", async () => {
    const none = await codedFailureOf(() => bench.supervisor.control("x", "run"));
    expect(none.message).to.equal('unknown loop "x"; known: none');
    addNoting("a", 10, []);
    addNoting("b", 10, []);
    bench.supervisor.start();
    const error = await codedFailureOf(() => bench.supervisor.control("x", "pause"));
    expect({ code: error.code, message: error.message }).to.deep.equal({
      code: "LOOP_UNKNOWN",
      message: 'unknown loop "x"; known: a, b',
    });
    await bench.supervisor.stop();
  });
});
