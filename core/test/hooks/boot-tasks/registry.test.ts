import { expect } from "chai";
import { BootTaskRegistry } from "../../../dist/src/hooks/boot-tasks/registry.js";
import { codedFailureOf } from "../../support/failures.js";
import { PluginBench, pluginSource } from "../../support/plugins.js";

describe("BootTaskRegistry", () => {
  it("tells everything that is wrong with a task at once", async () => {
    const registry = new BootTaskRegistry();
    const task: unknown = { name: "open", stage: "storge", timeoutMs: 0, required: "yes" };
    const error = await codedFailureOf(() => Reflect.apply(registry.add.bind(registry), undefined, [task]));
    expect({ code: error.code, message: error.message }).to.deep.equal({
      code: "BOOT_TASK_INVALID",
      message: [
        'plugin "host": boot task "open" can\'t be registered:',
        '  - stage: found "storge", allowed: "env", "storage", "ready"',
        "  - run: found nothing, allowed: a function",
        '  - required: found "yes", allowed: true, false or nothing',
        "  - timeoutMs: found 0, allowed: more than 0 and at most 2147483647 ms",
      ].join("\n"),
    });
    expect(registry.names()).to.deep.equal([]);
  });
});

describe("Boot tasks of plugins", () => {
  let bench: PluginBench | undefined;
  afterEach(async () => {
    await bench?.end();
    bench = undefined;
  });

  async function boot(body: string, entry: Readonly<Record<string, unknown>> = {}): Promise<PluginBench> {
    bench = await PluginBench.make({ acme: { source: pluginSource("acme", body), entry } });
    for (const stage of ["env", "storage", "ready"] as const) await bench.kernel.boot(stage);
    return bench;
  }

  it("are refused for a stage that is over before the plugin is loaded", async () => {
    const made = await boot('ctx.bootTasks.add({ name: "fill", stage: "env", run() {} });');
    expect(made.status("acme").error).to.deep.equal({
      code: "BOOT_TASK_INVALID",
      message:
        'plugin "acme": boot task "fill" can\'t be registered:\n  - stage: found "env", allowed: "storage" or "ready": a plugin of stage "main" is loaded when "env" is over; or make it of stage "env"',
    });
  });

  it("are refused when they are added after setup and their stage is over", async () => {
    const made = await boot(
      'probe.keep("ctx", { add: (stage) => ctx.bootTasks.add({ name: "late", stage, run() {} }) });',
    );
    const kept = made.probe.contexts.get("ctx");
    if (typeof kept !== "object" || kept === null || !("add" in kept) || typeof kept.add !== "function")
      throw new Error("the plugin kept nothing");
    const { add } = kept;
    const error = await codedFailureOf(() => Reflect.apply(add, undefined, ["ready"]));
    expect(error.code).to.equal("BOOT_TASK_INVALID");
    expect(error.message).to.contain("add boot tasks during setup");
  });

  const TASKS = `for (const stage of ["ready", "storage"])
    ctx.bootTasks.add({ name: stage, stage, run: () => void probe.note("ran " + stage) });`;

  it("are run, stage by stage, when their plugin is enabled after boot", async () => {
    const made = await boot(TASKS, { enabled: false });
    expect(made.probe.calls).to.deep.equal([]);
    expect((await made.kernel.plugins.toggle("acme", true)).state).to.equal("enabled");
    expect(made.probe.calls).to.deep.equal(["ran storage", "ran ready"]);
    expect(made.status("acme").hooks.boot_tasks.calls).to.equal(2);
  });

  it("are run once at boot", async () => {
    const made = await boot(TASKS);
    expect(made.probe.calls).to.deep.equal(["ran storage", "ran ready"]);
  });

  it("leave a plugin failed, with nothing of it, when a required one fails after boot", async () => {
    const made = await boot(
      `ctx.envMutators.add({ name: "acme", mutate() {} });
       ctx.bootTasks.add({ name: "open", stage: "storage", required: true, run() { throw new Error("no disk"); } });`,
      { enabled: false },
    );
    const status = await made.kernel.plugins.toggle("acme", true);
    expect(status.state).to.equal("failed");
    expect(status.error?.code).to.equal("BOOT_TASK_FAILED");
    expect(status.contributions).to.deep.equal({ env_mutators: [], boot_tasks: [], loops: [] });
  });
});
