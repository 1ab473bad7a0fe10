import { once } from "node:events";
import { createServer } from "node:net";
import { checkConformance, type ConformanceOptions } from "@molecule/core/testing";
import { expect } from "chai";
import { clocked } from "./fixtures/clocked.js";
import { differentInWorker } from "./fixtures/different-in-worker.js";
import { expectOnly, failuresOf, pluginOf } from "./results.js";

// Each breaks one rule: exactly that check fails, and says what to change.
describe("checkConformance fails a plugin that touches what it should not,", function () {
  this.timeout(60_000);

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
