import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { CLOCK, definePlugin, Type, type EnvMutator, type Plugin, type PluginContext } from "@molecule/core";
import { checkConformance, type ConformanceOptions, type ConformanceResult } from "@molecule/core/testing";
import { expect } from "chai";
import { differentInWorker } from "./fixtures/different-in-worker.js";
import { clocked } from "./fixtures/clocked.js";
import { greeting } from "./fixtures/greeting.js";

const MODULE = new URL("./fixtures/greeting.js", import.meta.url);

/** Everything that the suite can check, as the good plugin declares it. */
const ALL: ConformanceOptions = {
  config: { text: "good day" },
  workspaceEnv: { PATH: "/bin", GREETING_TOKEN: "tok-1234567890" },
  secrets: ["GREETING_TOKEN"],
  reads: ["GREETING_TOKEN"],
  writes: ["GREETING*"],
  orderIndependent: true,
  module: MODULE,
};

describe("checkConformance", function () {
  this.timeout(60_000);

  it("passes a plugin that keeps every rule, and leaves no folder behind", async () => {
    const before = await benchFolders();
    const results = await checkConformance(greeting, ALL);
    expect(results.map(({ kind }) => kind)).to.deep.equal(Array(9).fill("passed"), JSON.stringify(results));
    expect(await benchFolders()).to.deep.equal(before);
  });

  it("does not check what the options do not ask for, and says what to give", async () => {
    const results = await checkConformance(greeting);
    expect(reasonsOf(results)).to.deep.equal([
      "gives the same environment in any order: orderIndependent is not declared",
      "reads and writes only the variables that it declares: reads and writes are not declared",
      "gives the same result in a worker: give the URL of its built module as options.module",
    ]);
    expect(failuresOf(results)).to.deep.equal([]);
  });

  it("says of a plugin without mutators only whether it loads and what it leaves behind", async () => {
    const idle = definePlugin({ name: "idle", api: 1, setup: () => undefined });
    const results = await checkConformance(idle);
    expect(results.filter(({ kind }) => kind === "passed").map(({ check }) => check)).to.deep.equal([
      "loads, and is disabled, without a fault",
      "keeps secrets out of its errors, its log and its unmarked values",
    ]);
  });

  it("checks a plugin of stage env in its stage", async () => {
    const early = definePlugin({
      name: "early",
      api: 1,
      stage: "env",
      setup(ctx) {
        ctx.bootTasks.add({ name: "early", stage: "env", run: ({ env }) => void (env.EARLY = "1") });
      },
    });
    expect(failuresOf(await checkConformance(early))).to.deep.equal([]);
  });

  it("leaves a plugin with loops out of the check in a worker", async () => {
    const looping = pluginOf({ name: "greeting", mutate: (env) => env.set("A", "1") }, (ctx) => {
      ctx.loops.add({ name: "look", intervalMs: 1_000, timeoutMs: 1_000, tick: () => Promise.resolve() });
    });
    const results = await checkConformance(looping, { module: MODULE });
    expect(reasonsOf(results)).to.include(
      "gives the same result in a worker: it adds boot tasks or loops, and a worker runs env mutators alone",
    );
  });

  describe("fails exactly the check that is broken, and says what to change", () => {
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
      const bad = pluginOf({
        name: "deaf",
        async mutate(env) {
          await new Promise((resolve) => setTimeout(resolve, 300));
          env.set("A", "1");
        },
      });
      await expectOnly(bad, { abortGraceMs: 30 }, "ends when its signal aborts", [
        'mutator "deaf" went on for more than 30 ms',
      ]);
    });

    it("when only the second thing that it waits for ignores the signal", async () => {
      const bad = pluginOf({
        name: "half-deaf",
        async mutate(env, { signal }) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (signal.aborted) return;
          await new Promise((resolve) => setTimeout(resolve, 300));
          env.set("A", "1");
        },
      });
      await expectOnly(bad, { abortGraceMs: 30 }, "ends when its signal aborts", ['mutator "half-deaf"']);
    });

    it("when a timer, a socket or a listener of the process stays", async () => {
      const held: (() => void)[] = [];
      const timer = pluginOf({ name: "bad", mutate: (env) => env.set("A", "1") }, () => {
        const interval = setInterval(() => undefined, 60_000);
        held.push(() => clearInterval(interval));
      });
      const server = pluginOf({
        name: "bad",
        async mutate(env) {
          const listening = createServer().listen(0, "127.0.0.1");
          held.push(() => listening.close());
          await once(listening, "listening");
          env.set("A", "1");
        },
      });
      const listener = pluginOf({ name: "bad", mutate: (env) => env.set("A", "1") }, () => {
        const onWarning = () => undefined;
        process.on("warning", onWarning);
        held.push(() => process.off("warning", onWarning));
      });
      const kinds = [
        [timer, "1 × Timeout"],
        [server, "1 × TCPServerWrap"],
        [listener, '1 × listener of process "warning"'],
      ] as const;
      for (const [bad, kind] of kinds) {
        await expectOnly(bad, {}, "leaves no timer", [kind, "ctx.onDispose"]);
        for (const end of held.splice(0)) end();
      }
    });

    it("when it reads or writes what it does not declare, all at once", async () => {
      const bad = pluginOf({
        name: "bad",
        mutate(env) {
          env.set("OWN", env.get("HOME") ?? "");
          env.get("OWN");
          if (env.has("USER")) env.append("PATH", "/opt");
          env.unset("LANG");
        },
      });
      const options = {
        workspaceEnv: { HOME: "/root", USER: "me" },
        reads: ["HOST"],
        writes: ["OWN", "LC_*"],
      };
      const faults = await expectOnly(bad, options, "only the variables that it declares", [
        'it reads HOME, but declares reads ["HOST"]',
        "it reads USER",
        "it writes PATH",
        "it writes LANG",
      ]);
      expect(faults).to.have.length(4);
    });

    it("when it looks at undeclared variables through the list of names", async () => {
      const bad = pluginOf({
        name: "bad",
        mutate: (env) => {
          if (env.keys().includes("CI")) env.set("OWN", "1");
        },
      });
      await expectOnly(bad, { workspaceEnv: { CI: "1" }, reads: [] }, "only the variables that it declares", [
        "the value of OWN differs when only what it declares can be seen",
      ]);
    });

    it("when a secret stands in a log line, as it is or encoded", async () => {
      const secret = "pa55-w0rd/with+signs";
      for (const write of [(s: string) => s, encodeURIComponent, btoa]) {
        const bad = pluginOf({
          name: "bad",
          mutate(env, { log }) {
            env.set("A", "1");
            log.info("asking the vault", { with: write(env.get("VAULT_TOKEN") ?? "") });
          },
        });
        const options = { workspaceEnv: { VAULT_TOKEN: secret }, secrets: ["VAULT_TOKEN"] };
        const faults = await expectOnly(bad, options, "keeps secrets out", [
          "the value of VAULT_TOKEN stands in a log line (info)",
        ]);
        expect(faults.join()).not.to.contain(secret);
      }
    });

    it("when a secret that it marked itself stands in its log", async () => {
      const bad = pluginOf({
        name: "bad",
        mutate(env, { log }) {
          env.set("TOKEN", env.secret("minted-0123456789"));
          log.debug("minted minted-0123456789");
        },
      });
      await expectOnly(bad, {}, "keeps secrets out", ["the secret value of TOKEN stands in a log line"]);
    });

    it("when a secret that nobody issued stands in the error that refuses it", async () => {
      const bad = pluginOf({ name: "bad", mutate: (env) => env.set("A", "1") }, ({ env }) => {
        if (env.KEY !== "key-that-is-right") throw new Error(`bad KEY ${String(env.KEY)}`);
      });
      await expectOnly(bad, { env: { KEY: "key-that-is-right" }, secrets: ["KEY"] }, "keeps secrets out", [
        "the value of KEY stands in",
        "bad KEY ***",
      ]);
    });

    it("when a failure that was provoked tells a secret, even as a cause", async () => {
      let broken = false;
      const options: ConformanceOptions = {
        workspaceEnv: { VAULT_TOKEN: "tok-1234567890" },
        secrets: ["VAULT_TOKEN"],
        provokeFailure: () => {
          broken = true;
          return () => {
            broken = false;
          };
        },
      };
      const bad = pluginOf({
        name: "bad",
        mutate(env) {
          env.set("A", "1");
          if (!broken) return;
          const cause = new Error(`401 for ${env.get("VAULT_TOKEN") ?? ""}`);
          throw new Error("the vault refused", { cause });
        },
      });
      await expectOnly(bad, options, "keeps secrets out", ["stands in the cause of its error: 401 for ***"]);
      expect(broken).to.be.false;
    });

    it("when a provoked failure is none, since then nothing was tried", async () => {
      const bad = pluginOf({ name: "bad", mutate: (env) => env.set("A", "1") });
      await expectOnly(bad, { provokeFailure: () => undefined }, "keeps secrets out", [
        "provokeFailure made nothing fail",
      ]);
    });

    it("when a secret of the host gets into a variable without being marked", async () => {
      const bad = pluginOf({ name: "bad", mutate: () => undefined }, (ctx) => {
        ctx.envMutators.add({
          name: "url",
          mutate: (env) => env.set("URL", `https://me:${ctx.env.KEY ?? ""}@vault`),
        });
      });
      await expectOnly(bad, { env: { KEY: "key-0123456789" }, secrets: ["KEY"] }, "keeps secrets out", [
        'URL gets the value of KEY unmarked; write env.set("URL", env.secret(value))',
      ]);
    });

    it("when a worker gives another result, or can't run it at all", async () => {
      await expectOnly(
        differentInWorker,
        { module: new URL("./fixtures/different-in-worker.js", import.meta.url) },
        "in a worker",
        ["the value of THREAD differs in a worker"],
      );
      const noPorts = { module: new URL("./fixtures/clocked.js", import.meta.url) };
      await expectOnly(clocked, noPorts, "in a worker", ["isolation", "worker: false"]);
      expect(failuresOf(await checkConformance(clocked, { ...noPorts, worker: false }))).to.deep.equal([]);
    });
  });
});

/** A plugin with one mutator and what else its setup does. */
function pluginOf(mutator: EnvMutator, setup: (ctx: PluginContext) => void = () => undefined): Plugin {
  return definePlugin({
    name: "bad",
    api: 1,
    setup(ctx) {
      ctx.envMutators.add(mutator);
      setup(ctx);
    },
  });
}

/** The faults, after checking that no other check failed and that they say all that is expected. */
async function expectOnly(
  plugin: Plugin,
  options: ConformanceOptions,
  check: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const failures = failuresOf(await checkConformance(plugin, options));
  expect(failures.map((each) => each.check)).to.have.length(1, JSON.stringify(failures));
  const [failure] = failures;
  expect(failure?.check).to.contain(check);
  for (const text of texts) expect(failure?.faults.join("\n")).to.contain(text);
  return failure?.faults ?? [];
}

function failuresOf(results: readonly ConformanceResult[]): { check: string; faults: readonly string[] }[] {
  return results.flatMap((result) =>
    result.kind === "failed" ? [{ check: result.check, faults: result.faults }] : [],
  );
}

function reasonsOf(results: readonly ConformanceResult[]): string[] {
  return results.flatMap((result) =>
    result.kind === "not-applicable" ? [`${result.check}: ${result.reason}`] : [],
  );
}

async function benchFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("molecule-conformance-"));
}
