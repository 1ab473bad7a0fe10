import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { outcomesOf } from "../support/chain.js";
import { codedFailureOf } from "../support/failures.js";
import { PluginBench, pluginSource, type Fixture } from "../support/plugins.js";
import { settled } from "../support/until.js";
import { provision } from "./isolation/isolated.js";

const GATED = pluginSource(
  "acme",
  `probe.note("setting up"); await probe.wait("setup"); probe.note("set up");
   ctx.onDispose(async () => { await probe.wait("dispose"); probe.note("disposed"); });`,
);

describe("PluginHost, when an operator toggles a plugin,", () => {
  let bench: PluginBench | undefined;

  afterEach(async () => {
    await bench?.end();
    bench = undefined;
  });

  async function load(fixtures: Readonly<Record<string, Fixture>>) {
    const made = await PluginBench.make(fixtures);
    bench = made;
    await made.kernel.boot("env");
    await made.kernel.boot("storage");
    return made;
  }

  /** Waits for what a plugin notes: its import takes time that is not the clock's. */
  async function noted(made: PluginBench, text: string, times = 1): Promise<void> {
    while (made.probe.calls.filter((each) => each === text).length < times)
      await new Promise((resolve) => setImmediate(resolve));
  }

  it("goes through enabling and disabling, and does at once what is asked meanwhile one after the other", async () => {
    const made = await load({ acme: { source: GATED, entry: { enabled: false } } });
    const toggle = (enabled: boolean) => made.kernel.plugins.toggle("acme", enabled);
    expect(made.status("acme")).to.include({ state: "disabled", version: null });
    const on = toggle(true);
    const off = toggle(false);
    await noted(made, "setting up");
    expect(made.status("acme").state).to.equal("enabling");
    made.probe.open("setup");
    expect(await on).to.include({ state: "enabled", reason: "toggled on at run time" });
    await settled();
    expect(made.status("acme").state).to.equal("disabling");
    made.probe.open("dispose");
    expect(await off).to.include({ state: "disabled", reason: "toggled off at run time", error: null });
    expect(made.probe.calls).to.deep.equal(["setting up", "set up", "disposed"]);
  });

  it("sets up no second time what is enabled, and takes down nothing that is disabled", async () => {
    const source = pluginSource("acme", `probe.note("set up"); ctx.onDispose(() => probe.note("disposed"));`);
    const made = await load({ acme: { source } });
    for (const enabled of [true, true, false, false]) await made.kernel.plugins.toggle("acme", enabled);
    expect(made.probe.calls).to.deep.equal(["set up", "disposed"]);
  });

  it("tries a failed one again, with the module as it is by then", async () => {
    const made = await load({
      acme: { source: pluginSource("acme", 'throw new Error("not yet");') },
      other: { source: pluginSource("other", "") },
    });
    expect(made.status("acme").error?.code).to.equal("PLUGIN_SETUP_FAILED");
    expect((await made.kernel.plugins.toggle("acme", true)).error?.message).to.contain("not yet");
    const repaired = pluginSource("acme", 'ctx.envMutators.add({ name: "acme", mutate() {} });');
    await writeFile(join(made.manifest.dir, "acme.mjs"), repaired);
    expect(await made.kernel.plugins.toggle("acme", true)).to.deep.include({
      state: "enabled",
      error: null,
      contributions: { env_mutators: ["acme"], boot_tasks: [], loops: [] },
    });
    expect(made.states()).to.deep.equal(["acme enabled", "other enabled"]);
  });

  it("forgets the fault of a failed one that is switched off", async () => {
    const made = await load({ acme: { source: pluginSource("acme", 'throw new Error("no");') } });
    expect(await made.kernel.plugins.toggle("acme", false)).to.include({ state: "disabled", error: null });
  });

  it("forgets the last good edits of one that is switched off, and of no other", async () => {
    const source = (name: string) =>
      pluginSource(
        name,
        `ctx.envMutators.add({ name: "${name}", mutate(env) {
           if (env.has("FAIL")) throw new Error("no");
           env.set("${name}".toUpperCase(), env.secret("value-of-${name}"));
         } });`,
      );
    const entry = { onError: "last-good" };
    const made = await load({
      acme: { source: source("acme"), entry },
      other: { source: source("other"), entry },
    });
    await provision(made);
    expect(outcomesOf(await provision(made, { FAIL: "1" }))).to.deep.equal([
      "acme: last-good",
      "other: last-good",
    ]);
    for (const enabled of [false, true]) await made.kernel.plugins.toggle("acme", enabled);
    expect(outcomesOf(await provision(made, { FAIL: "1" }))).to.deep.equal([
      "acme: failed",
      "other: not-run",
    ]);
    await made.kernel.plugins.toggle("acme", false);
    expect(outcomesOf(await provision(made, { FAIL: "1" }))).to.deep.equal(["other: last-good"]);
  });

  it("refuses one of stage env, which runs before toggles are read, and one that is not there", async () => {
    const source = pluginSource("early", "", 'stage: "env",');
    const made = await load({ early: { source, entry: { stage: "env" } } });
    const refusal = await codedFailureOf(() => made.kernel.plugins.toggle("early", false));
    expect(refusal.code).to.equal("PLUGIN_TOGGLE_REFUSED");
    expect(made.states()).to.deep.equal(["early enabled"]);
    const unknown = await codedFailureOf(() => made.kernel.plugins.toggle("nobody", true));
    expect(`${unknown.code}: ${unknown.message}`).to.equal(
      'PLUGIN_UNKNOWN: no plugin is named "nobody"; the manifest lists early',
    );
  });
});
