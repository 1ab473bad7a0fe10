import { expect } from "chai";
import type { EnvMutator } from "@molecule/core";
import { sleep } from "@molecule/core";
import { ChainBench, envOf, failureOf, outcomesOf } from "../../support/chain.js";
import { settled } from "../../support/until.js";

const mutator = (name: string, mutate: EnvMutator["mutate"]): EnvMutator => ({ name, mutate });
const never = (): Promise<void> => new Promise(() => undefined);
const hangs = (name: string): EnvMutator =>
  mutator(name, (env) => {
    env.set("FROM", name);
    return never();
  });

describe("the time of an env mutator", () => {
  it("ends after 30 s where the manifest says nothing, by name and with what to do", async () => {
    const bench = new ChainBench();
    let signal: AbortSignal | undefined;
    const run = bench.run([
      mutator("slow", (_, ctx) => {
        signal = ctx.signal;
        return never();
      }),
    ]);
    await bench.clock.advance(29_999);
    expect(signal?.aborted).to.be.false;
    await bench.clock.advance(1);
    expect(failureOf(await run)).to.deep.equal({
      plugin: "slow",
      code: "ENV_MUTATOR_TIMEOUT",
      message:
        'plugin "slow": mutator "slow" did not finish within 30000 ms (its timeoutMs); fix the plugin, or set its onError to "skip"',
    });
    expect(signal?.reason).to.have.property("code", "ENV_MUTATOR_TIMEOUT");
    expect(bench.clock.pendingTimers).to.equal(0);
  });

  it("is what the manifest says, and what was edited by then is dropped where the policy is skip", async () => {
    const bench = new ChainBench();
    const run = bench.run([hangs("slow"), mutator("next", (env) => env.set("NEXT", "1"))], {
      policies: { slow: { timeoutMs: 200, onError: "skip" } },
    });
    await bench.clock.advance(200);
    const result = await run;
    expect(envOf(result)).to.deep.equal({ NEXT: "1" });
    expect(outcomesOf(result)).to.deep.equal(["slow: skipped", "next: applied"]);
    expect(result.ledger().mutators[0]).to.include({ durationMs: 200, edits: 0 });
  });

  it("is cut to what is left of the whole chain's 60 s", async () => {
    const bench = new ChainBench();
    const policies = { a: { onError: "skip" }, b: { timeoutMs: 60_000 } } as const;
    const run = bench.run([hangs("a"), hangs("b"), hangs("c")], { policies });
    await bench.clock.advance(59_999);
    let isOver = false;
    void run.then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).to.be.false;
    await bench.clock.advance(1);
    expect(failureOf(await run)).to.deep.equal({
      plugin: "b",
      code: "ENV_MUTATOR_TIMEOUT",
      message:
        'plugin "b": mutator "b" did not finish within 30000 ms (the whole chain\'s time); fix the plugin, or set its onError to "skip"',
    });
    expect(outcomesOf(await run)).to.deep.equal(["a: skipped", "b: failed", "c: not-run"]);
  });

  it("does not depend on the wall clock", async () => {
    const bench = new ChainBench();
    const run = bench.run([mutator("m", (env) => sleep(bench.clock, 100).then(() => env.set("K", "v")))]);
    bench.clock.jump(3_600_000);
    await bench.clock.advance(50);
    bench.clock.jump(-7_200_000);
    await bench.clock.advance(50);
    expect(envOf(await run)).to.deep.equal({ K: "v" });
  });

  it("being over, nothing that the mutator still does is seen: no edit, no rejection", async () => {
    const bench = new ChainBench();
    let lateEdit: unknown;
    const run = bench.run(
      [
        mutator("slow", async (env) => {
          await sleep(bench.clock, 1_000);
          try {
            env.set("K", "too late");
          } catch (error) {
            lateEdit = error;
          }
          throw new Error("rejects late");
        }),
      ],
      { policies: { slow: { timeoutMs: 10, onError: "skip" } } },
    );
    await bench.clock.advance(10);
    const result = await run;
    await bench.clock.advance(1_000);
    // An unhandled rejection would end this process.
    await settled();
    expect(lateEdit).to.have.property("code", "ENV_DRAFT_CLOSED");
    expect(envOf(result)).to.deep.equal({});
    expect(result.ledger().variables).to.deep.equal({});
  });

  it("leaves no timer and no listener behind when the mutator is in time", async () => {
    const bench = new ChainBench();
    const controller = new AbortController();
    let aborts = 0;
    const result = await bench.run(
      [
        mutator("m", async (_, ctx) => {
          ctx.signal.addEventListener("abort", () => (aborts += 1));
          await Promise.resolve();
        }),
      ],
      { signal: controller.signal },
    );
    controller.abort();
    expect(result.ok).to.be.true;
    expect(aborts).to.equal(0);
    expect(bench.clock.pendingTimers).to.equal(0);
  });
});

describe("a provision that is given up", () => {
  for (const onError of ["fail", "skip", "last-good"] as const) {
    it(`aborts the running mutator and runs no other one, where the policy is ${onError}`, async () => {
      const bench = new ChainBench();
      const policies = { m: { onError }, n: { onError } };
      let isHanging = false;
      let signal: AbortSignal | undefined;
      const hanging = mutator("m", (env, ctx) => {
        env.set("K", "v");
        signal = ctx.signal;
        return isHanging ? never() : undefined;
      });
      await bench.run([hanging], { policies });
      isHanging = true;
      const controller = new AbortController();
      const run = bench.run([hanging, mutator("n", () => undefined)], {
        policies,
        signal: controller.signal,
      });
      controller.abort(new Error("deleted"));
      expect(failureOf(await run)).to.deep.equal({
        plugin: "m",
        code: "ENV_PROVISION_ABORTED",
        message: 'plugin "m": mutator "m" was aborted because the provision was given up',
      });
      expect(signal?.reason).to.have.property("code", "ENV_PROVISION_ABORTED");
      expect(outcomesOf(await run)).to.deep.equal(["m: failed", "n: not-run"]);
      expect(bench.clock.pendingTimers).to.equal(0);
    });
  }

  it("before its chain starts, calls no mutator at all", async () => {
    let calls = 0;
    const count = mutator("m", () => void (calls += 1));
    const result = await new ChainBench().run([count], { signal: AbortSignal.abort() });
    expect(failureOf(result).code).to.equal("ENV_PROVISION_ABORTED");
    expect(calls).to.equal(0);
  });

  it("tells a mutator that asks for its signal only afterwards that it is aborted", async () => {
    const bench = new ChainBench();
    let askSignal: () => AbortSignal | undefined = () => undefined;
    const run = bench.run(
      [
        mutator("m", (_, ctx) => {
          askSignal = () => ctx.signal;
          return never();
        }),
      ],
      { policies: { m: { timeoutMs: 1 } } },
    );
    await bench.clock.advance(1);
    await run;
    expect(askSignal()?.aborted).to.be.true;
  });
});
