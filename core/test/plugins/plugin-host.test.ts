import { expect } from "chai";
import { PluginBench, pluginSource, type Fixture } from "../support/plugins.js";
import { codedFailureOf } from "../support/failures.js";

const GOOD: Fixture = {
  source: pluginSource(
    "good",
    'ctx.envMutators.add({ name: "good", mutate: (env) => env.set("GOOD", "1") }); probe.note("good is set up");',
  ),
};

describe("PluginHost", () => {
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

  it("enables the plugins in order and tells what each contributes", async () => {
    const made = await load({
      second: {
        source: pluginSource(
          "second",
          'ctx.envMutators.add({ name: "m2", mutate() {} }); probe.note("second");',
        ),
        entry: { after: ["first"] },
      },
      first: {
        source: pluginSource(
          "first",
          `ctx.envMutators.add({ name: "m1", mutate() {} });
           ctx.bootTasks.add({ name: "t1", stage: "ready", run() {} });
           ctx.loops.add({ name: "l1", intervalMs: 1000, timeoutMs: 1000, async tick() {} });
           probe.note("first");`,
        ),
      },
    });
    expect(made.probe.calls).to.deep.equal(["first", "second"]);
    expect(made.states()).to.deep.equal(["first enabled", "second enabled"]);
    expect(made.kernel.registries.envMutators.names()).to.deep.equal(["m1", "m2"]);
    const { timings, hooks, ...status } = made.status("first");
    expect(status).to.deep.equal({
      name: "first",
      module: "./first.mjs",
      stage: "main",
      state: "enabled",
      reason: "listed in the manifest",
      version: "0.0.0",
      required: false,
      isolation: "none",
      error: null,
      contributions: { env_mutators: ["m1"], boot_tasks: ["t1"], loops: ["l1"] },
      conflicts: [],
      config: {},
    });
    expect(timings).to.deep.equal({ import_ms: 0, validate_ms: 0, setup_ms: 0 });
    const none = { calls: 0, failures: 0, p50_ms: null, p99_ms: null };
    expect(hooks).to.deep.equal({ env_mutators: none, boot_tasks: none, loops: none });
    expect(
      made.kernel.report.entries().map(({ name, outcome, detail }) => ({ name, outcome, detail })),
    ).to.deep.equal([
      { name: "first", outcome: "ok", detail: "env mutator m1, boot task t1, loop l1" },
      { name: "second", outcome: "ok", detail: "env mutator m2" },
    ]);
  });

  it("masks known secrets in a plugin's error", async () => {
    const made = await start({
      bad: { source: pluginSource("bad", 'throw new Error("refused: hunter22");') },
    });
    made.masker.add("hunter22");
    await made.kernel.boot("storage");
    expect(made.status("bad").error?.message).to.equal('plugin "bad": setup failed: refused: ***');
  });

  it("ends boot with a required plugin that fails, and enables none after it", async () => {
    const made = await start({
      bad: { source: 'throw new Error("no licence");', entry: { required: true } },
      good: GOOD,
    });
    const error = await codedFailureOf(() => made.kernel.boot("storage"));
    expect(error.code).to.equal("PLUGIN_REQUIRED_FAILED");
    expect(error.message).to.equal(
      'required plugin "bad" failed and the host can\'t run without it: plugin "bad": importing "./bad.mjs" failed: no licence',
    );
    expect(error.cause).to.have.property("code", "PLUGIN_IMPORT_FAILED");
    expect(made.states()).to.deep.equal(["bad failed", "good disabled"]);
  });

  it("does not load a disabled plugin, not even a required one, and says why", async () => {
    const broken = 'throw new Error("imported");';
    const made = await load(
      {
        off: { source: broken, entry: { enabled: false, required: true } },
        waiting: { source: broken, entry: { when: { env: "ACME_URL" } } },
        overridden: { source: broken },
      },
      { MOLECULE_PLUGINS: "-overridden" },
    );
    expect(
      made.kernel.plugins.status().map(({ name, state, reason }) => `${name} ${state}: ${reason}`),
    ).to.deep.equal([
      'off disabled: "enabled": false in the manifest',
      "waiting disabled: waits for ACME_URL to be set",
      "overridden disabled: MOLECULE_PLUGINS has -overridden",
    ]);
    expect(made.kernel.report.render()).to.equal(
      [
        "boot",
        "└─ plugins",
        '   ├─ – off          0.0 ms  "enabled": false in the manifest',
        "   ├─ – waiting      0.0 ms  waits for ACME_URL to be set",
        "   └─ – overridden   0.0 ms  MOLECULE_PLUGINS has -overridden",
      ].join("\n"),
    );
  });

  it("refuses to load any plugin over overrides that it can't use", async () => {
    const made = await start({ good: GOOD }, { MOLECULE_PLUGINS: "+nobody" });
    expect((await codedFailureOf(() => made.kernel.boot("storage"))).code).to.equal(
      "PLUGIN_OVERRIDES_INVALID",
    );
    expect(made.states()).to.deep.equal(["good disabled"]);
  });

  it("gives setup its config with defaults, a frozen environment, the manifest's folder and its log", async () => {
    const made = await load(
      {
        acme: {
          source: pluginSource(
            "acme",
            `ctx.log.info("hello");
             probe.keep("ctx", ctx);
             probe.note(JSON.stringify([ctx.config, ctx.env.SEEN, Object.isFrozen(ctx.env)]));
             ctx.config.a = "changed";`,
            'config: { type: "object", properties: { a: { type: "string" }, b: { type: "number", default: 2 } } },',
          ),
          entry: { config: { a: "x" } },
        },
      },
      { SEEN: "yes" },
    );
    expect(made.probe.calls).to.deep.equal(['[{"a":"x","b":2},"yes",true]']);
    expect(made.manifest.plugins[0]?.config, "the manifest itself").to.deep.equal({ a: "x" });
    expect(made.probe.contexts.get("ctx")).to.have.property("manifestDir").that.includes("molecule-core-");
    expect(made.log.lines.filter(({ level }) => level === "info")).to.deep.equal([
      { level: "info", message: "hello", fields: { plugin: "acme" } },
    ]);
  });

  it("takes a registry that a plugin built for itself, and single contributions back before the end", async () => {
    const made = await load({
      acme: {
        source: pluginSource(
          "acme",
          `ctx.envMutators.merge({ mutators: () => [{ name: "m1", mutate() {} }, { name: "m2", mutate() {} }] });
           const back = [
             ctx.envMutators.add({ name: "m3", mutate() {} }),
             ctx.bootTasks.add({ name: "t", stage: "ready", run() {} }),
             ctx.loops.add({ name: "l", intervalMs: 1000, timeoutMs: 1000, async tick() {} }),
           ];
           for (const each of back) each();`,
        ),
      },
    });
    expect(made.status("acme").contributions).to.deep.equal({
      env_mutators: ["m1", "m2"],
      boot_tasks: [],
      loops: [],
    });
  });
});
