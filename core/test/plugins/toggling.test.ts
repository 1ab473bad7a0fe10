import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { leftOpen, openResources } from "../../dist/testing/conformance/open-resources.js";
import type { PluginBench } from "../support/plugins.js";
import { pluginSource } from "../support/plugins.js";
import { benchPerTest, isolated, provision, workers } from "./isolation/isolated.js";

const TOGGLES = 100;

/** Holds all that a plugin can hold: a mutator that takes time, a loop, a timer, a disposer, a port. */
const BUSY = pluginSource(
  "busy",
  `const timer = setInterval(() => undefined, 1_000);
   probe.contexts.get("refs").push(new WeakRef(ctx));
   ctx.onDispose(() => clearInterval(timer));
   ctx.envMutators.add({ name: "busy", async mutate(env) {
     await new Promise((resolve) => setTimeout(resolve, 2));
     if (ctx.signal.aborted) probe.note("a mutator ran on after its plugin was disposed");
     env.set("BUSY", "1");
   } });
   ctx.loops.add({ name: "busy", intervalMs: 1, timeoutMs: 60_000, runAtStart: true, async tick() {
     await new Promise((resolve) => setTimeout(resolve, 1));
     if (ctx.signal.aborted) probe.note("a tick ran on after its plugin was disposed");
   } });`,
);

describe("Toggling", function () {
  this.timeout(300_000);
  const benchOf = benchPerTest();

  it(`leaves nothing after ${TOGGLES} times in a row under running mutators and ticks, in the host and in a worker`, async () => {
    const made = await benchOf({
      busy: { source: BUSY, entry: { enabled: false } },
      worker: isolated("worker", 'await pause(2); env.set("WORKER", "1");', {
        enabled: false,
        onError: "skip",
      }),
    });
    const refs: WeakRef<object>[] = [];
    made.probe.keep("refs", refs);
    made.kernel.registries.supervisor.start();
    const before = await openResources();
    const load = { isOver: false, chains: 0, changed: 0 };
    const working = work(made, load);
    for (let toggle = 1; toggle <= TOGGLES; toggle += 1) {
      const enabled = toggle % 2 === 1;
      const states = await Promise.all(
        ["busy", "worker"].map(async (name) => (await made.kernel.plugins.toggle(name, enabled)).state),
      );
      expect(states).to.deep.equal(enabled ? ["enabled", "enabled"] : ["disabled", "disabled"]);
    }
    load.isOver = true;
    await working;

    expect(load.chains, "chains beside the toggles").to.be.greaterThan(TOGGLES);
    expect(load.changed, "chains that a plugin took part in").to.be.greaterThan(0);
    expect(made.status("busy").hooks.loops.calls, "ticks").to.be.greaterThan(0);
    expect(made.probe.calls).to.deep.equal([]);
    expect(made.kernel.registries.envMutators.names()).to.deep.equal([]);
    expect(made.kernel.registries.loops.names()).to.deep.equal([]);
    expect(made.kernel.registries.supervisor.status()).to.deep.equal([]);
    expect(workers()).to.equal(0);
    expect(await leftOpen(before)).to.deep.equal([]);
    expect(refs).to.have.length(TOGGLES / 2);
    expect(await alive(refs), "setups, with their scopes, that are still held").to.be.at.most(1);
  });
});

/** Keeps chains and the loops' clock going until told otherwise. */
async function work(
  made: PluginBench,
  load: { readonly isOver: boolean; chains: number; changed: number },
): Promise<void> {
  const chains = async () => {
    while (!load.isOver) {
      const result = await provision(made);
      load.chains += 1;
      if (result.ok && result.env.size > 0) load.changed += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const ticks = async () => {
    while (!load.isOver) {
      await made.clock.advance(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await Promise.all([chains(), chains(), chains(), ticks()]);
}

/** How many of the objects are left once what nobody holds is gone. */
async function alive(refs: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("the garbage collector can't be called");
  for (let round = 0; round < 5; round += 1) {
    // A reference that was made or read in this turn of the event loop is kept until its end.
    await new Promise((resolve) => setTimeout(resolve, 0));
    Reflect.apply(collect, undefined, []);
  }
  return refs.filter((ref) => ref.deref() !== undefined).length;
}
