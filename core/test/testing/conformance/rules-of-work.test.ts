import { CLOCK, definePlugin, Type, type EnvMutator } from "@molecule/core";
import { checkConformance } from "@molecule/core/testing";
import { expect } from "chai";
import { expectOnly, failuresOf, pluginOf } from "./results.js";

// Each breaks one rule: exactly that check fails, and says what to change.
describe("checkConformance fails a plugin that does its work wrong,", function () {
  this.timeout(60_000);

  it("when setup throws", async () => {
    const bad = pluginOf({ name: "bad", mutate: () => undefined }, () => {
      throw new Error("no vault");
    });
    await expectOnly(bad, {}, "loads", ["setup failed: no vault"]);
  });

  it("when its config is refused", async () => {
    const bad = definePlugin({
      name: "bad",
      api: 1,
      config: Type.Object({ url: Type.String() }),
      setup: () => undefined,
    });
    await expectOnly(bad, {}, "loads", ["url: found nothing, allowed: a value (required)"]);
  });

  it("when its name fits into no manifest", async () => {
    const bad = definePlugin({ name: "Bad Name", api: 1, setup: () => undefined });
    await expectOnly(bad, {}, "loads", ["plugins[0].name"]);
  });

  it("when a boot task fails, required or not", async () => {
    for (const required of [false, true]) {
      const bad = pluginOf({ name: "bad", mutate: (env) => env.set("A", "1") }, (ctx) => {
        ctx.bootTasks.add({
          name: "warm-up",
          stage: "ready",
          required,
          run: () => Promise.reject(new Error("cold")),
        });
      });
      await expectOnly(bad, {}, "loads", ['boot task "warm-up"', "cold"]);
    }
  });

  it("when a disposer throws", async () => {
    const bad = pluginOf({ name: "bad", mutate: (env) => env.set("A", "1") }, (ctx) => {
      ctx.onDispose(() => {
        throw new Error("can't close");
      });
    });
    await expectOnly(bad, {}, "loads", ["disposers failed: can't close"]);
  });

  it("when a mutator throws", async () => {
    const bad = pluginOf({ name: "bad", mutate: () => Promise.reject(new Error("no answer")) });
    await expectOnly(bad, {}, "changes the environment", ["no answer", "workspaceEnv"]);
  });

  it("when a mutator edits a variable of the platform", async () => {
    const bad = pluginOf({ name: "bad", mutate: (env) => env.set("WORKSPACE_ID", "x") });
    await expectOnly(bad, {}, "changes the environment", ["WORKSPACE_ID belongs to the platform"]);
  });

  it("when a mutator does not finish", async () => {
    const bad = pluginOf({ name: "bad", mutate: () => new Promise(() => undefined) });
    await expectOnly(bad, { timeoutMs: 50 }, "changes the environment", ["within 50 ms"]);
  });

  it("when a value counts up, is a time, or is left from the run before", async () => {
    let count = 0;
    const counting: EnvMutator["mutate"] = (env) => env.set("RUN", String((count += 1)));
    const timing: EnvMutator["mutate"] = (env) => env.set("RUN", new Date().toISOString());
    const once: EnvMutator["mutate"] = (env) => {
      count += 1;
      if (count > 10) throw new Error("spent");
      if (count % 2 === 0) env.set("RUN", "first");
    };
    for (const mutate of [counting, timing, once]) {
      count = 0;
      await expectOnly(pluginOf({ name: "bad", mutate }), {}, "gives the same edits", [
        "the value of RUN differs between two runs",
      ]);
    }
  });

  it("when a time in seconds, by the host's clock, gets into a value", async () => {
    const bad = pluginOf({ name: "bad", mutate: () => undefined }, (ctx) => {
      const clock = ctx.resolve(CLOCK);
      ctx.envMutators.add({
        name: "stamp",
        mutate: (env) => env.set("AT", String(Math.floor(clock.now() / 1_000))),
      });
    });
    await expectOnly(bad, {}, "gives the same edits", ["the value of AT differs"]);
  });

  it("when only how a variable is written, or a file, differs between two runs", async () => {
    let count = 0;
    const bad = pluginOf({
      name: "bad",
      mutate(env) {
        count += 1;
        if (count % 2 === 0) env.set("SAME", "1");
        else env.setDefault("SAME", "1");
        env.files.add({ path: "/configs/count", mode: 0o644, content: String(count) });
      },
    });
    await expectOnly(bad, {}, "gives the same edits", ["how SAME is written", "the file /configs/count"]);
  });

  it("when its mutators build on one another though it declares that their order is free", async () => {
    const bad = pluginOf({ name: "one", mutate: (env) => env.set("X", "1") }, (ctx) => {
      ctx.envMutators.add({ name: "two", mutate: (env) => env.set("Y", env.get("X") ?? "none") });
    });
    await expectOnly(bad, { orderIndependent: true }, "in any order", [
      "the value of Y differs in the order two, one",
    ]);
    expect(failuresOf(await checkConformance(bad))).to.deep.equal([]);
  });

  it("when it depends on what another plugin added though it declares that the order is free", async () => {
    const bad = pluginOf({ name: "bad", mutate: (env) => env.set("COUNT", String(env.keys().length)) });
    await expectOnly(bad, { orderIndependent: true }, "in any order", [
      "the value of COUNT differs behind another plugin's mutator",
    ]);
  });

  it("when a mutator goes on after its signal has aborted", async () => {
    const ever = gate();
    const bad = pluginOf({
      name: "deaf",
      async mutate(env, { signal }) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (signal.aborted) await ever.opened;
        env.set("A", "1");
      },
    });
    await expectOnly(bad, { abortGraceMs: 30 }, "ends when its signal aborts", [
      'mutator "deaf" went on for more than 30 ms',
    ]);
    ever.open();
  });

  it("when only the second thing that it waits for ignores the signal", async () => {
    const ever = gate();
    const bad = pluginOf({
      name: "half-deaf",
      async mutate(env, { signal }) {
        const isGivenUp = () => signal.aborted;
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (isGivenUp()) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (isGivenUp()) await ever.opened;
        env.set("A", "1");
      },
    });
    await expectOnly(bad, { abortGraceMs: 30 }, "ends when its signal aborts", ['mutator "half-deaf"']);
    ever.open();
  });
});

/** Something to wait for, however long a busy machine makes the check wait: until the test opens it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
