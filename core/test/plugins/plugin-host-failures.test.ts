import { expect } from "chai";
import { PluginBench, pluginSource, type Fixture } from "../support/plugins.js";
import { settled, until } from "../support/until.js";

const ADD_ALL = `
  ctx.envMutators.add({ name: "bad-mutator", mutate() {} });
  ctx.bootTasks.add({ name: "bad-task", stage: "ready", run() {} });
  ctx.loops.add({ name: "bad-loop", intervalMs: 1000, timeoutMs: 1000, async tick() {} });
  ctx.onDispose(() => probe.note("disposed"));
  ctx.signal.addEventListener("abort", () => probe.note("aborted"));
`;
const GOOD: Fixture = {
  source: pluginSource(
    "good",
    'ctx.envMutators.add({ name: "good", mutate: (env) => env.set("GOOD", "1") }); probe.note("good is set up");',
  ),
};

describe("PluginHost leaves a plugin failed, with nothing of it registered and the others running, when it", () => {
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

  const rows: readonly [title: string, bad: Fixture, code: string, message: RegExp][] = [
    ["is not there", {}, "PLUGIN_MODULE_NOT_FOUND", /^plugin "bad": module "\.\/bad\.mjs" can't be found/],
    [
      "throws at its import",
      { source: 'throw new Error("no licence");' },
      "PLUGIN_IMPORT_FAILED",
      /^plugin "bad": importing "\.\/bad\.mjs" failed: no licence$/,
    ],
    ["exports no plugin", { source: "export const x = 1;" }, "PLUGIN_EXPORT_INVALID", /must default-export/],
    [
      "is made for another api",
      { source: pluginSource("bad", ADD_ALL, "api: 2,") },
      "PLUGIN_API_UNSUPPORTED",
      /^plugin "bad": made for plugin api 2; this host offers 1/,
    ],
    [
      "has bad config",
      {
        source: pluginSource(
          "bad",
          ADD_ALL,
          'config: { type: "object", required: ["url"], properties: { url: { type: "string" }, n: { type: "number" } }, additionalProperties: false },',
        ),
        entry: { config: { n: "1", u: 2 } },
      },
      "PLUGIN_CONFIG_INVALID",
      /^plugin "bad": its "config" in the manifest has 3 faults:\n {2}- url: found nothing, allowed: a value \(required\)\n {2}- u: found an unknown key, allowed: one of url, n\n {2}- n: found "1", allowed: a value of type number$/,
    ],
    [
      "takes no config and is given some",
      { source: pluginSource("bad", ADD_ALL), entry: { config: { a: 1 } } },
      "PLUGIN_CONFIG_INVALID",
      /^plugin "bad": its "config" in the manifest has 1 fault:\n {2}- a: found an unknown key, allowed: no key$/,
    ],
    [
      "has a schema that is none",
      { source: pluginSource("bad", ADD_ALL, 'config: { type: "strang" },') },
      "PLUGIN_SETUP_FAILED",
      /^plugin "bad": setup failed: schema is invalid/,
    ],
    [
      "throws in setup",
      { source: pluginSource("bad", `${ADD_ALL} throw new Error("no key");`) },
      "PLUGIN_SETUP_FAILED",
      /^plugin "bad": setup failed: no key$/,
    ],
    [
      "throws a coded error in setup",
      {
        source: pluginSource(
          "bad",
          `${ADD_ALL} throw Object.assign(new Error("no key; set ACME_KEY"), { $$type: "@molecule/coded-error", code: "ACME_NO_KEY" });`,
        ),
      },
      "ACME_NO_KEY",
      /^no key; set ACME_KEY$/,
    ],
    [
      "contributes what is registered already",
      { source: pluginSource("bad", `${ADD_ALL} ctx.envMutators.add({ name: "good", mutate() {} });`) },
      "CONTRIBUTION_DUPLICATE",
      /^plugin "bad": the env mutator "good" is already registered by plugin "good"/,
    ],
    [
      "asks for a port that this host does not offer",
      { source: pluginSource("bad", `${ADD_ALL} ctx.resolve(Symbol.for("@molecule/port/nothing"));`) },
      "PLUGIN_PORT_UNKNOWN",
      /^plugin "bad": this host offers no @molecule\/port\/nothing; resolve only the tokens that @molecule\/core exports$/,
    ],
  ];
  for (const [title, bad, code, message] of rows) {
    it(title, async () => {
      const made = await load({
        good: GOOD,
        bad,
        late: { source: pluginSource("late", 'probe.note("late is set up");') },
      });
      expect(made.states()).to.deep.equal(["good enabled", "bad failed", "late enabled"]);
      const { error } = made.status("bad");
      expect(error?.code).to.equal(code);
      expect(error?.message).to.match(message);
      expect(contributions(made)).to.deep.equal(["good"]);
      expect(made.probe.calls).to.include("late is set up");
      const isSetUp =
        bad.source?.includes("ctx.onDispose") === true && made.status("bad").timings.setup_ms !== null;
      expect(made.probe.calls.filter((call) => call === "disposed" || call === "aborted")).to.deep.equal(
        isSetUp ? ["aborted", "disposed"] : [],
      );
      expect(made.errors().map(({ fields }) => fields)).to.deep.equal([{ plugin: "bad", code }]);
      expect(made.kernel.report.entries().map(({ name, outcome }) => `${name} ${outcome}`)).to.deep.equal([
        "good ok",
        "bad failed",
        "late ok",
      ]);
    });
  }

  it("hangs in setup, and takes nothing more of it afterwards", async () => {
    const hang = `
      ${ADD_ALL}
      probe.note("hanging");
      await probe.wait("setup");
      for (const add of [
        () => ctx.envMutators.add({ name: "x", mutate() {} }),
        () => ctx.envMutators.merge({ mutators: () => [] }),
        () => ctx.bootTasks.add({ name: "x", stage: "ready", run() {} }),
        () => ctx.loops.add({ name: "x", intervalMs: 1, timeoutMs: 1, async tick() {} }),
        () => ctx.onDispose(() => {}),
      ]) {
        try { add(); probe.note("accepted"); } catch (error) { probe.note(error.code + ": " + error.message); }
      }
      throw new Error("rejects late");`;
    const made = await start({ bad: { source: pluginSource("bad", hang) }, good: GOOD });
    const booted = made.kernel.boot("storage");
    await until(() => made.probe.calls.includes("hanging"), "the setup");
    expect(contributions(made)).to.deep.equal(["bad-mutator", "bad-task", "bad-loop"]);
    await made.clock.advance(9_999);
    expect(made.status("bad").state).to.equal("enabling");
    await made.clock.advance(1);
    await booted;
    expect(made.states()).to.deep.equal(["bad failed", "good enabled"]);
    expect(made.status("bad").error).to.deep.equal({
      code: "PLUGIN_SETUP_TIMEOUT",
      message: 'plugin "bad": setup did not finish within 10000 ms; move long work to a boot task or a loop',
    });
    made.probe.open("setup");
    await settled();
    const closed =
      'PLUGIN_SCOPE_CLOSED: plugin "bad": it is disabled and can\'t add anything; add contributions during setup';
    expect(made.probe.calls).to.deep.equal([
      "hanging",
      "aborted",
      "disposed",
      "good is set up",
      ...Array.from({ length: 5 }, () => closed),
    ]);
    expect(contributions(made)).to.deep.equal(["good"]);
  });

  it("never ends its import", async () => {
    const made = await start({
      bad: { source: "await new Promise(() => {}); export default 1;" },
      good: GOOD,
    });
    const booted = made.kernel.boot("storage");
    await until(() => made.clock.pendingTimers > 0, "the import to start");
    await made.clock.advance(30_000);
    await booted;
    expect(made.states()).to.deep.equal(["bad failed", "good enabled"]);
    expect(made.status("bad").error).to.deep.equal({
      code: "PLUGIN_IMPORT_FAILED",
      message: 'plugin "bad": importing "./bad.mjs" failed: it did not finish within 30000 ms',
    });
  });
});
