import { expect } from "chai";
import { outcomesOf } from "../support/chain.js";
import { PluginBench, pluginSource, type Fixture } from "../support/plugins.js";
import { codedFailureOf } from "../support/failures.js";
import { settled } from "../support/until.js";
import { provision } from "./isolation/isolated.js";

const GOOD: Fixture = {
  source: pluginSource(
    "good",
    'ctx.envMutators.add({ name: "good", mutate: (env) => env.set("GOOD", "1") }); probe.note("good is set up");',
  ),
};

describe("PluginHost, when it disables a plugin,", () => {
  let bench: PluginBench | undefined;

  afterEach(async () => {
    await bench?.end();
    bench = undefined;
  });

  async function start(fixtures: Readonly<Record<string, Fixture>>, env: Record<string, string> = {}) {
    const made = await PluginBench.make(fixtures, env);
    bench = made;
    return made;
  }

  async function load(fixtures: Readonly<Record<string, Fixture>>, env: Record<string, string> = {}) {
    const made = await start(fixtures, env);
    await made.kernel.boot("storage");
    return made;
  }

  function contributions({ kernel }: PluginBench) {
    const { envMutators, bootTasks, loops } = kernel.registries;
    return [...envMutators.names(), ...bootTasks.names(), ...loops.names()];
  }

  it("withdraws its contributions first, then disposes last in, first out, the last plugin first", async () => {
    const source = (name: string) =>
      pluginSource(
        name,
        `ctx.envMutators.add({ name: "${name}", mutate() {} });
         for (const n of [1, 2]) ctx.onDispose(async () => { await null; probe.note("${name} disposes " + n); });
         ctx.signal.addEventListener("abort", () => probe.note("${name} aborted"));`,
      );
    const made = await load({ a: { source: source("a") }, b: { source: source("b") } });
    await made.kernel.plugins.stop();
    expect(made.probe.calls).to.deep.equal([
      "b aborted",
      "b disposes 2",
      "b disposes 1",
      "a aborted",
      "a disposes 2",
      "a disposes 1",
    ]);
    expect(made.states()).to.deep.equal(["a disabled", "b disabled"]);
    expect(contributions(made)).to.deep.equal([]);
  });

  it("calls every disposer whichever of them throw, and leaves the plugin failed with all reasons", async () => {
    const made = await load({
      bad: {
        source: pluginSource(
          "bad",
          `ctx.onDispose(() => { throw new Error("first"); });
           ctx.onDispose(() => probe.note("disposed"));
           ctx.onDispose(async () => { throw new Error("second"); });`,
        ),
      },
      good: GOOD,
    });
    await made.kernel.plugins.stop();
    expect(made.probe.calls).to.include("disposed");
    expect(made.states()).to.deep.equal(["bad failed", "good disabled"]);
    expect(made.status("bad").error).to.deep.equal({
      code: "PLUGIN_DISPOSE_FAILED",
      message: 'plugin "bad": 2 of its disposers failed: second; first',
    });
  });

  it("waits 10 s for a disposer that hangs, calls the ones behind it, and goes on to the next plugin", async () => {
    const made = await load({
      good: { source: pluginSource("good", 'ctx.onDispose(() => probe.note("good is disposed"));') },
      bad: {
        source: pluginSource(
          "bad",
          `ctx.onDispose(() => probe.note("the server is closed"));
           ctx.onDispose(() => probe.note("the socket is closed"));
           ctx.onDispose(() => { throw new Error("no"); });
           ctx.onDispose(() => new Promise(() => {}));`,
        ),
      },
    });
    const stopped = made.kernel.plugins.stop();
    await made.clock.advance(9_999);
    expect(made.states()).to.deep.equal(["good enabled", "bad disabling"]);
    await made.clock.advance(1);
    await stopped;
    expect(made.states()).to.deep.equal(["good disabled", "bad failed"]);
    expect(made.status("bad").error?.message).to.equal(
      'plugin "bad": 1 of its disposers failed: disposers did not finish within 10000 ms',
    );
    expect(made.probe.calls).to.deep.equal([
      "the socket is closed",
      "the server is closed",
      "good is disposed",
    ]);
    expect(made.log.lines.map(({ level, message }) => `${level}: ${message}`)).to.include(
      "warn: a disposer failed: no",
    );
  });

  it("waits for its running mutators, which new chains no longer run", async () => {
    const made = await load({
      acme: {
        source: pluginSource(
          "acme",
          `ctx.envMutators.add({ name: "acme", async mutate(env) { probe.note("mutating"); await probe.wait("mutate"); env.set("A", "1"); probe.note("mutated"); } });
           ctx.onDispose(() => probe.note("disposed"));`,
        ),
      },
    });
    const { kernel } = made;
    const input = () => ({
      layers: [],
      mutators: kernel.registries.envMutators.entries(),
      facts: {
        workspaceId: "w",
        name: "w",
        role: null,
        runtime: "demo",
        tier: 2 as const,
        parentId: null,
        attempt: 1,
        dryRun: false,
      },
      fileRoot: "",
      signal: new AbortController().signal,
    });
    const chain = kernel.runChain(input());
    const stopped = kernel.plugins.stop();
    await settled();
    const late = await kernel.runChain(input());
    expect(late.ledger().mutators).to.deep.equal([]);
    expect(made.probe.calls).to.deep.equal(["mutating"]);
    made.probe.open("mutate");
    await stopped;
    expect(made.probe.calls).to.deep.equal(["mutating", "mutated", "disposed"]);
    const result = await chain;
    expect(result.ok && Object.fromEntries(result.env)).to.deep.equal({ A: "1" });
  });

  for (const [what, ending, calls, warnings] of [
    ["that heeds its abort", 'await probe.wait("late"); probe.note("ended");', ["ended", "disposed"], 0],
    ["that ignores its abort, for 1 s", "await new Promise(() => undefined);", ["disposed"], 1],
  ] as const) {
    it(`waits for a mutator whose time is over and ${what}`, async () => {
      const made = await load({
        acme: {
          source: pluginSource(
            "acme",
            `ctx.envMutators.add({ name: "acme", async mutate() { ${ending} } });
             ctx.onDispose(() => probe.note("disposed"));`,
          ),
          entry: { onError: "skip", timeoutMs: 100 },
        },
      });
      const chain = provision(made);
      await made.clock.advance(100);
      expect(outcomesOf(await chain)).to.deep.equal(["acme: skipped"]);
      const disabled = made.kernel.plugins.toggle("acme", false);
      await made.clock.advance(999);
      expect(made.probe.calls).to.deep.equal([]);
      made.probe.open("late");
      await made.clock.advance(1);
      expect(await disabled).to.include({ state: "disabled", error: null });
      expect(made.probe.calls).to.deep.equal(calls);
      expect(made.log.lines.filter(({ level }) => level === "warn")).to.have.length(warnings);
    });
  }

  const LOOPING = pluginSource(
    "acme",
    `ctx.loops.add({ name: "acme", intervalMs: 1000, timeoutMs: 60000, runAtStart: true, async tick({ signal }) {
       probe.note("ticking"); signal.addEventListener("abort", () => probe.note(signal.reason.code)); await probe.wait("tick"); probe.note("ticked"); } });
     ctx.onDispose(() => probe.note("disposed"));`,
  );

  it("aborts its running tick and waits for it before it disposes", async () => {
    const made = await start({ acme: { source: LOOPING } });
    made.kernel.registries.supervisor.start();
    await made.kernel.boot("storage");
    await made.clock.advance(0);
    const stopped = made.kernel.plugins.stop();
    await settled();
    expect(made.probe.calls).to.deep.equal(["ticking", "LOOP_STOPPED"]);
    made.probe.open("tick");
    await stopped;
    expect(made.probe.calls).to.deep.equal(["ticking", "LOOP_STOPPED", "ticked", "disposed"]);
    expect(made.clock.pendingTimers).to.equal(0);
  });

  it("waits 10 s at most for a tick that ignores its abort", async () => {
    const made = await start({ acme: { source: LOOPING } });
    made.kernel.registries.supervisor.start();
    await made.kernel.boot("storage");
    await made.clock.advance(0);
    const stopped = made.kernel.plugins.stop();
    await made.clock.advance(10_000);
    await stopped;
    expect(made.states()).to.deep.equal(["acme disabled"]);
    expect(made.probe.calls).to.deep.equal(["ticking", "LOOP_STOPPED", "disposed"]);
    made.probe.open("tick");
  });

  it("takes no contribution any more, and stopping again does nothing", async () => {
    const made = await load({
      acme: {
        source: pluginSource(
          "acme",
          `probe.keep("add", () => ctx.envMutators.add({ name: "late", mutate() {} }));
           ctx.onDispose(() => probe.note("disposed"));`,
        ),
      },
    });
    await made.kernel.plugins.stop();
    await made.kernel.plugins.stop();
    const add = made.probe.contexts.get("add");
    const error = await codedFailureOf(() => {
      if (typeof add === "function") Reflect.apply(add, undefined, []);
    });
    expect(error.code).to.equal("PLUGIN_SCOPE_CLOSED");
    expect(made.probe.calls).to.deep.equal(["disposed"]);
  });
});
