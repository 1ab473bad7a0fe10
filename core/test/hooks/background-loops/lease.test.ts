import { expect } from "chai";
import { soleHostLeases, type LeaseProvider, type TickContext } from "@molecule/core";
import { HeldTick, LoopBench } from "../../support/loops.js";

/** Leases of which the test decides. */
class TestLeases implements LeaseProvider {
  readonly asked: string[] = [];
  released = 0;
  isHeldElsewhere = false;
  #controller = new AbortController();
  #gate: Promise<void> = Promise.resolve();

  async acquire(loop: string) {
    this.asked.push(loop);
    await this.#gate;
    if (this.isHeldElsewhere) return null;
    this.#controller = new AbortController();
    return {
      fence: 7,
      signal: this.#controller.signal,
      release: () => Promise.resolve(void (this.released += 1)),
    };
  }

  lose(): void {
    this.#controller.abort(new Error("expired"));
  }

  /** Lets nobody have an answer until the result is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }
}

describe("a singleton loop", () => {
  let leases: TestLeases;
  let bench: LoopBench;

  beforeEach(() => {
    leases = new TestLeases();
    bench = new LoopBench(leases);
  });

  afterEach(() => bench.supervisor.stop());

  const noting = (contexts: TickContext[]) => (ctx: TickContext) => {
    contexts.push(ctx);
    return Promise.resolve("swept");
  };

  it("ticks under a lease, with its fencing number, and gives it back", async () => {
    const contexts: TickContext[] = [];
    bench.add({ singleton: true, runAtStart: true, tick: noting(contexts) });
    bench.supervisor.start();
    await bench.clock.advance(0);
    expect(contexts.map(({ fence }) => fence)).to.deep.equal([7]);
    expect(leases).to.include({ released: 1 });
    expect(leases.asked).to.deep.equal(["sweep"]);
    expect(bench.status()).to.include({ singleton: true, last_detail: "swept" });
  });

  it("asks for no lease where it is none", async () => {
    const contexts: TickContext[] = [];
    bench.add({ runAtStart: true, tick: noting(contexts) });
    bench.supervisor.start();
    await bench.clock.advance(0);
    expect(contexts.map(({ fence }) => fence)).to.deep.equal([null]);
    expect(leases.asked).to.deep.equal([]);
  });

  it("does not tick while another host holds the lease, is well with that, and asks again", async () => {
    const contexts: TickContext[] = [];
    leases.isHeldElsewhere = true;
    bench.add({ singleton: true, intervalMs: 100, timeoutMs: 100, tick: noting(contexts) });
    bench.supervisor.start();
    await bench.clock.advance(1_000);
    expect(contexts).to.deep.equal([]);
    expect(leases.asked).to.have.length(10);
    expect(bench.status()).to.include({
      last_detail: "another host holds the lease",
      consecutive_failures: 0,
      stale: false,
    });
    leases.isHeldElsewhere = false;
    await bench.clock.advance(100);
    expect(contexts).to.have.length(1);
  });

  it("aborts its tick when the lease is lost, and says why", async () => {
    const held = new HeldTick(bench.clock);
    bench.add({
      singleton: true,
      runAtStart: true,
      tick: (ctx) => {
        ctx.signal.addEventListener("abort", () => {
          held.fail(new Error("aborted"));
        });
        return held.tick(ctx);
      },
    });
    bench.supervisor.start();
    await bench.clock.advance(0);
    leases.lose();
    await bench.clock.advance(0);
    expect(bench.status().last_error).to.equal(
      'loop "sweep": the lease (fencing number 7) went to another host; the tick was aborted',
    );
    expect(leases.released).to.equal(1);
  });

  it("gives the lease back when its tick fails, and tells the tick's own error", async () => {
    bench.add({ singleton: true, runAtStart: true, tick: () => Promise.reject(new Error("no engine")) });
    bench.supervisor.start();
    await bench.clock.advance(0);
    expect(leases.released).to.equal(1);
    expect(bench.status().last_error).to.equal("no engine");
  });

  it("counts a lease that can't be asked for as a failure", async () => {
    const failing: LeaseProvider = { acquire: () => Promise.reject(new Error("storage is down")) };
    bench = new LoopBench(failing);
    bench.add({ singleton: true, runAtStart: true, tick: () => Promise.resolve() });
    bench.supervisor.start();
    await bench.clock.advance(0);
    expect(bench.status()).to.include({ last_error: "storage is down", consecutive_failures: 1 });
  });

  it("does not tick when the lease comes after the tick's time, and gives it back", async () => {
    const contexts: TickContext[] = [];
    const open = leases.hold();
    bench.add({ singleton: true, runAtStart: true, timeoutMs: 500, tick: noting(contexts) });
    bench.supervisor.start();
    await bench.clock.advance(500);
    expect(bench.status().consecutive_failures).to.equal(1);
    open();
    await bench.clock.advance(0);
    expect(contexts).to.deep.equal([]);
    expect(leases.released).to.equal(1);
  });

  it("does not tick when the lease comes while the host stops", async () => {
    const contexts: TickContext[] = [];
    const open = leases.hold();
    bench.add({ singleton: true, runAtStart: true, tick: noting(contexts) });
    bench.supervisor.start();
    await bench.clock.advance(0);
    const stopped = bench.supervisor.stop();
    open();
    await stopped;
    expect(contexts).to.deep.equal([]);
    expect(leases.released).to.equal(1);
  });
});

describe("soleHostLeases", () => {
  it("grants every lease, with a number that grows", async () => {
    const leases = soleHostLeases();
    const first = await leases.acquire("a", 1_000);
    await first?.release();
    const second = await leases.acquire("b", 1_000);
    expect([first?.fence, second?.fence]).to.deep.equal([1, 2]);
    expect(first?.signal.aborted).to.be.false;
  });
});
