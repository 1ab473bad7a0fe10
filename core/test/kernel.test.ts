import { expect } from "chai";
import { CLOCK, LOGGER, LOOP_LEASES, type BootStage } from "@molecule/core";
import { codedFailureOf } from "./support/failures.js";
import { advanceUntil, PluginBench, pluginSource, type Fixture } from "./support/plugins.js";

describe("Kernel", () => {
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

  const task = (name: string, stage: BootStage, body = "") =>
    `ctx.bootTasks.add({ name: "${name}", stage: "${stage}", run(task) { probe.note("${name} runs"); ${body} } });`;

  it("boots stage by stage: env plugins and tasks, then all other plugins, storage, ready", async () => {
    const made = await start({
      main: {
        source: pluginSource(
          "main",
          `probe.note("main is set up"); ${task("late", "ready")} ${task("db", "storage")}`,
        ),
        entry: { when: { env: "FROM_DOTENV" } },
      },
      dotenv: {
        source: pluginSource(
          "dotenv",
          `probe.note("dotenv is set up"); ${task("fill", "env", 'task.env.FROM_DOTENV = "1"; return "loaded 1";')}`,
          'stage: "env",',
        ),
        entry: { stage: "env" },
      },
    });
    for (const stage of ["env", "storage", "ready"] as const) await made.kernel.boot(stage);
    expect(made.probe.calls).to.deep.equal([
      "dotenv is set up",
      "fill runs",
      "main is set up",
      "db runs",
      "late runs",
    ]);
    expect(made.kernel.report.render()).to.equal(
      [
        "boot",
        "├─ plugins",
        "│  ├─ ✓ dotenv   0.0 ms  boot task fill",
        "│  └─ ✓ main     0.0 ms  boot task late, boot task db",
        "├─ env",
        "│  └─ ✓ fill     0.0 ms  loaded 1",
        "├─ storage",
        "│  └─ ✓ db       0.0 ms",
        "└─ ready",
        "   └─ ✓ late     0.0 ms",
      ].join("\n"),
    );
  });

  it("reads MOLECULE_PLUGINS after the env stage, which may have filled it", async () => {
    const made = await start({
      dotenv: {
        source: pluginSource(
          "dotenv",
          task("fill", "env", 'task.env.MOLECULE_PLUGINS = "-main";'),
          'stage: "env",',
        ),
        entry: { stage: "env" },
      },
      main: { source: pluginSource("main", 'probe.note("main is set up");') },
    });
    await made.kernel.boot("env");
    await made.kernel.boot("storage");
    expect(made.states()).to.deep.equal(["dotenv enabled", "main disabled"]);
  });

  it("ends a stage with a required task's error", async () => {
    const made = await start({
      main: {
        source: pluginSource(
          "main",
          'ctx.bootTasks.add({ name: "db", stage: "storage", required: true, run() { throw new Error("no server"); } });',
        ),
      },
    });
    const error = await codedFailureOf(() => made.kernel.boot("storage"));
    expect(error.message).to.equal('boot task "db" (plugin "main", stage storage) failed: no server');
  });

  it("offers its own ports and those of the host to plugins, the last one given for a token", async () => {
    const token = Symbol.for("test/port");
    const made = await start({
      main: {
        source: pluginSource(
          "main",
          'for (const token of ["@molecule/port/clock", "@molecule/port/logger", "@molecule/port/loop-leases", "test/port"]) probe.keep(token, ctx.resolve(Symbol.for(token)));',
        ),
      },
    });
    const leases = { acquire: () => Promise.resolve(null) };
    made.kernel.provide(LOOP_LEASES, leases);
    made.kernel.provide(token, "first");
    made.kernel.provide(token, "second");
    await made.kernel.boot("storage");
    expect(Object.fromEntries(made.probe.contexts)).to.deep.equal({
      "@molecule/port/clock": made.clock,
      "@molecule/port/logger": made.log,
      "@molecule/port/loop-leases": leases,
      "test/port": "second",
    });
    expect([CLOCK, LOGGER].map(String)).to.deep.equal([
      "Symbol(@molecule/port/clock)",
      "Symbol(@molecule/port/logger)",
    ]);
  });

  it("keeps its ports from another kernel of the same process", async () => {
    const token = Symbol.for("test/private");
    const first = await PluginBench.make({});
    first.kernel.provide(token, "first's own");
    const made = await start({
      main: { source: pluginSource("main", 'ctx.resolve(Symbol.for("test/private"));') },
    });
    await made.kernel.boot("storage");
    expect(made.status("main").error?.message).to.equal(
      'plugin "main": this host offers no test/private; resolve only the tokens that @molecule/core exports',
    );
    await first.end();
  });

  it("asks the leases that the host provided, for singleton loops", async () => {
    const asked: string[] = [];
    const made = await start({
      main: {
        source: pluginSource(
          "main",
          'ctx.loops.add({ name: "sweep", intervalMs: 1000, timeoutMs: 1000, singleton: true, runAtStart: true, async tick() {} });',
        ),
      },
    });
    made.kernel.provide(LOOP_LEASES, {
      acquire: (loop) => {
        asked.push(loop);
        return Promise.resolve(null);
      },
    });
    await made.kernel.boot("storage");
    made.kernel.registries.supervisor.start();
    await made.clock.advance(0);
    expect(asked).to.deep.equal(["sweep"]);
  });

  it("runs the chain by each plugin's manifest entry", async () => {
    const made = await start({
      limited: {
        source: pluginSource(
          "limited",
          'ctx.envMutators.add({ name: "limited", mutate(env) { env.set("SEEN", env.keys().join()); env.set("OTHER", "x"); } });',
        ),
        entry: { env: { reads: ["A*"], writes: ["SEEN"] }, onError: "skip" },
      },
      slow: {
        source: pluginSource(
          "slow",
          'ctx.envMutators.add({ name: "slow", mutate: () => new Promise(() => {}) });',
        ),
        entry: { timeoutMs: 25, onError: "skip" },
      },
      good: {
        source: pluginSource(
          "good",
          'ctx.envMutators.add({ name: "good", mutate: (env) => env.set("GOOD", "1") });',
        ),
      },
    });
    await made.kernel.boot("storage");
    const chain = made.kernel.runChain({
      layers: [{ name: "base", env: { AB: "1", B: "2" } }],
      mutators: made.kernel.registries.envMutators.entries(),
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
    });
    const result = await advanceUntil(made.clock, chain);
    expect(result.ok && Object.fromEntries(result.env)).to.deep.equal({ AB: "1", B: "2", GOOD: "1" });
    const runs = result
      .ledger()
      .mutators.map(({ plugin, outcome, error }) => `${plugin} ${outcome} ${error?.code ?? ""}`);
    expect(runs).to.deep.equal([
      "limited skipped ENV_WRITE_NOT_ALLOWED",
      "slow skipped ENV_MUTATOR_TIMEOUT",
      "good applied ",
    ]);
    expect(result.ledger().variables.SEEN?.[0]).to.include({ value: "AB", outcome: "dropped" });
  });

  it("stops the loops before the plugins, and leaves no timer behind", async () => {
    const made = await start({
      main: {
        source: pluginSource(
          "main",
          `ctx.loops.add({ name: "sweep", intervalMs: 1000, timeoutMs: 1000, runAtStart: true, async tick({ signal }) {
             await new Promise((resolve) => signal.addEventListener("abort", resolve)); probe.note("the tick ends"); } });
           ctx.onDispose(() => probe.note("disposed"));`,
        ),
      },
    });
    await made.kernel.boot("storage");
    made.kernel.registries.supervisor.start();
    await made.clock.advance(0);
    await made.kernel.stop();
    expect(made.probe.calls).to.deep.equal(["the tick ends", "disposed"]);
    expect(made.clock.pendingTimers).to.equal(0);
  });

  it("stops also the loops of the host itself, which no plugin's end would", async () => {
    const made = await start({});
    let ticks = 0;
    const { loops, supervisor } = made.kernel.registries;
    const tick = () => Promise.resolve(void (ticks += 1));
    loops.add({ name: "host-loop", intervalMs: 10, timeoutMs: 10, tick });
    supervisor.start();
    await made.clock.advance(10);
    await made.kernel.stop();
    await made.clock.advance(100);
    expect(ticks).to.equal(1);
  });

  it("stopped during boot, gives up the running boot task", async () => {
    const made = await start({
      main: {
        source: pluginSource(
          "main",
          'ctx.bootTasks.add({ name: "hung", stage: "ready", required: true, run: () => new Promise(() => {}) });',
        ),
      },
    });
    await made.kernel.boot("storage");
    const failure = codedFailureOf(() => made.kernel.boot("ready"));
    await made.kernel.stop();
    expect((await failure).message).to.equal(
      'boot task "hung" (plugin "main", stage ready) failed: the host stops',
    );
  });
});
