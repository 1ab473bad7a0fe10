import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { ChainResult } from "@molecule/core";
import { envOf, outcomesOf } from "../support/chain.js";
import { codedFailureOf } from "../support/failures.js";
import { advanceUntil, PluginBench, pluginSource, type Fixture } from "../support/plugins.js";

/** Sets a variable to its own name after what is there, and notes what becomes of the plugin. */
const listed = (name: string, body = "") =>
  pluginSource(
    name,
    `probe.note("${name} is set up");
     ctx.envMutators.add({ name: "${name}", mutate(env, { dryRun }) { env.append("LIST", dryRun ? "${name}" : "real"); } });
     ctx.onDispose(() => probe.note("${name} is disposed")); ${body}`,
  );

describe("A preview", () => {
  let bench: PluginBench | undefined;

  afterEach(async () => {
    await bench?.end();
    bench = undefined;
  });

  async function load(fixtures: Readonly<Record<string, Fixture>>) {
    const made = await PluginBench.make(fixtures);
    bench = made;
    await made.kernel.boot("storage");
    made.probe.calls.length = 0;
    return made;
  }

  const preview = (
    { kernel }: PluginBench,
    changes: { enable?: string[]; disable?: string[] },
  ): Promise<ChainResult> =>
    kernel.previewChain(
      {
        layers: [],
        facts: {
          workspaceId: "w",
          name: "w",
          role: null,
          runtime: "demo",
          tier: 2,
          parentId: null,
          attempt: 1,
          dryRun: false,
        },
        fileRoot: "",
        signal: new AbortController().signal,
      },
      { enable: [], disable: [], ...changes },
    );

  const off = { enabled: false };

  it("runs with plugins on and off, each at its place, and changes nothing", async () => {
    const made = await load({
      first: { source: listed("first") },
      tried: {
        source: listed(
          "tried",
          `ctx.loops.add({ name: "tried", intervalMs: 1, timeoutMs: 1, runAtStart: true, async tick() { probe.note("ticked"); } });
           ctx.bootTasks.add({ name: "tried", stage: "ready", run() { probe.note("ran"); } });`,
        ),
        entry: off,
      },
      last: { source: listed("last") },
    });
    made.kernel.registries.supervisor.start();
    const states = made.states();
    expect(envOf(await preview(made, {}))).to.deep.equal({ LIST: "first:last" });
    expect(envOf(await preview(made, { enable: ["tried", "last"], disable: ["first"] }))).to.deep.equal({
      LIST: "tried:last",
    });
    await made.clock.advance(100);
    expect(made.probe.calls).to.deep.equal(["tried is set up", "tried is disposed"]);
    expect(made.states()).to.deep.equal(states);
    expect(made.kernel.registries.envMutators.names()).to.deep.equal(["first", "last"]);
    expect(made.status("last").hooks.env_mutators.calls).to.equal(0);
  });

  it("tells a plugin that can't be set up, and takes down what was tried beside it", async () => {
    const made = await load({
      fine: { source: listed("fine"), entry: off },
      bad: { source: listed("bad", 'throw new Error("no vault");'), entry: off },
    });
    const failure = await codedFailureOf(() => preview(made, { enable: ["fine", "bad"] }));
    expect(`${failure.code}: ${failure.message}`).to.equal(
      'PLUGIN_TRIAL_FAILED: plugin "bad" can\'t be switched on for the preview: plugin "bad": setup failed: no vault [PLUGIN_SETUP_FAILED]',
    );
    expect(made.probe.calls).to.deep.equal([
      "fine is set up",
      "bad is set up",
      "bad is disposed",
      "fine is disposed",
    ]);
    expect(made.states()).to.deep.equal(["fine disabled", "bad disabled"]);
    for (const changes of [{ enable: ["nobody"] }, { disable: ["nobody"] }]) {
      expect(await codedFailureOf(() => preview(made, changes))).to.include({ code: "PLUGIN_UNKNOWN" });
    }
  });

  it("does not keep a plugin from being switched on that was repaired since it was tried", async () => {
    const made = await load({ acme: { source: 'throw new Error("not yet");', entry: off } });
    const failure = await codedFailureOf(() => preview(made, { enable: ["acme"] }));
    expect(failure.message).to.contain("not yet [PLUGIN_IMPORT_FAILED]");
    await writeFile(join(made.manifest.dir, "acme.mjs"), listed("acme"));
    expect(envOf(await preview(made, { enable: ["acme"] }))).to.deep.equal({ LIST: "acme" });
    expect(await made.kernel.plugins.toggle("acme", true)).to.include({ state: "enabled" });
  });

  it("ends also when disposers of what was tried throw or hang, and takes down the rest", async () => {
    const made = await load({
      fine: { source: listed("fine"), entry: off },
      throws: {
        source: listed("throws", 'ctx.onDispose(() => { throw new Error("no"); });'),
        entry: off,
      },
      hangs: {
        source: listed("hangs", "ctx.onDispose(() => new Promise(() => undefined));"),
        entry: off,
      },
    });
    const running = preview(made, { enable: ["fine", "throws", "hangs"] });
    // Their imports take time that is not the clock's.
    while (!made.probe.calls.includes("hangs is set up"))
      await new Promise((resolve) => setImmediate(resolve));
    const result = await advanceUntil(made.clock, running);
    expect(envOf(result)).to.deep.equal({ LIST: "fine:throws:hangs" });
    expect(made.probe.calls.slice(3)).to.deep.equal([
      "hangs is disposed",
      "throws is disposed",
      "fine is disposed",
    ]);
    expect(
      made.log.lines.filter(({ level }) => level === "warn").map(({ message }) => message),
    ).to.deep.equal([
      'after a preview: plugin "hangs": 1 of its disposers failed: disposers did not finish within 10000 ms',
      'after a preview: plugin "throws": 1 of its disposers failed: no',
    ]);
  });

  it("calls no plugin any more that is disabled meanwhile", async () => {
    const made = await load({
      slow: {
        source: pluginSource(
          "slow",
          `ctx.envMutators.add({ name: "slow", async mutate(env) { probe.note("mutating"); await probe.wait("slow"); env.set("SLOW", "1"); } });`,
        ),
      },
      gone: { source: listed("gone") },
      tried: { source: listed("tried"), entry: off },
    });
    const running = preview(made, { enable: ["tried"] });
    while (!made.probe.calls.includes("mutating")) await new Promise((resolve) => setImmediate(resolve));
    await made.kernel.plugins.toggle("gone", false);
    made.probe.open("slow");
    const result = await running;
    expect(outcomesOf(result)).to.deep.equal(["slow: applied", "gone: withdrawn", "tried: applied"]);
    expect(envOf(result)).to.deep.equal({ SLOW: "1", LIST: "tried" });
  });
});
