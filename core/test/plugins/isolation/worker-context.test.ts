import { expect } from "chai";
import { benchPerTest, logged, moduleSource, provision, workers } from "./isolated.js";

describe("WorkerContext", () => {
  const start = benchPerTest();

  const refused = [
    ["a boot task", 'ctx.bootTasks.add({ name: "t", stage: "ready", run() {} });', "adding a boot task"],
    ["a loop", 'ctx.loops.add({ name: "l", tick() {} });', "adding a background loop"],
    ["a boot task and swallows the refusal", "try { ctx.bootTasks.add({}); } catch {}", "adding a boot task"],
    ["a port", 'ctx.resolve(Symbol.for("@molecule/port/clock"));', "resolving a port of the host"],
  ] as const;
  for (const [title, body, what] of refused) {
    it(`refuses a plugin that asks for ${title}, and tells why`, async () => {
      const made = await start({
        acme: { source: moduleSource("acme", body), entry: { isolation: "worker" } },
      });
      expect(made.status("acme").state).to.equal("failed");
      expect(made.status("acme").error).to.deep.equal({
        code: "PLUGIN_ISOLATION_UNSUPPORTED",
        message: `plugin "acme": ${what} is not possible with isolation "worker", which is for env mutators alone; remove "isolation" from its manifest entry`,
      });
      expect(workers()).to.equal(0);
    });
  }

  it("takes a plugin that can do without a port", async () => {
    const body = 'try { ctx.resolve(Symbol.for("x")); } catch (error) { ctx.log.info(error.code); }';
    const made = await start({
      acme: { source: moduleSource("acme", body), entry: { isolation: "worker" } },
    });
    expect(made.states()).to.deep.equal(["acme enabled"]);
    await logged(made, "PLUGIN_ISOLATION_UNSUPPORTED");
  });

  it("refuses an env mutator added after setup", async () => {
    const made = await start({
      acme: {
        source: moduleSource(
          "acme",
          'ctx.envMutators.add({ name: "acme", mutate() { ctx.envMutators.add({ name: "more", mutate() {} }); } });',
        ),
        entry: { isolation: "worker" },
      },
    });
    const result = await provision(made);
    expect(result.ok ? undefined : result.error.message).to.contain(
      "adding an env mutator after setup is not possible",
    );
  });

  it("takes a mutator out of the chain that the plugin takes back", async () => {
    const made = await start({
      acme: {
        source: moduleSource(
          "acme",
          `const early = ctx.envMutators.add({ name: "early", mutate() {} });
           early();
           const removers = ["one", "two"].map((name) => ctx.envMutators.add({ name, mutate(env) { if (env.has("REMOVE")) removers[0](); } }));`,
        ),
        entry: { isolation: "worker" },
      },
    });
    const { envMutators } = made.kernel.registries;
    expect(envMutators.names()).to.deep.equal(["one", "two"]);
    await provision(made, { REMOVE: "1" });
    expect(envMutators.names()).to.deep.equal(["two"]);
    expect((await provision(made)).ok).to.equal(true);
  });
});
