import { expect } from "chai";
import { messageOf, type EnvMutator, type ProvisionContext } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { RecordingDraft } from "../../../dist/src/hooks/env-mutators/draft.js";
import { codedFailureOf } from "../../support/failures.js";
import { CORE_URL, type Fixture, type PluginBench } from "../../support/plugins.js";
import {
  benchPerTest,
  environment,
  isolated,
  logged,
  moduleSource,
  NEXT,
  provision,
  workers,
} from "./isolated.js";

const CTX: ProvisionContext = {
  workspaceId: "w",
  name: "n",
  role: null,
  runtime: "demo",
  tier: 2,
  parentId: null,
  attempt: 1,
  dryRun: false,
  signal: new AbortController().signal,
  log: new RecordingLogger(),
};

describe("setUpIsolated", () => {
  const start = benchPerTest();

  function mutatorOf({ kernel }: PluginBench, name: string): EnvMutator {
    const found = kernel.registries.envMutators.mutators().find((mutator) => mutator.name === name);
    if (found === undefined) throw new Error(`there is no mutator ${name}`);
    return found;
  }

  it("runs the plugin in a thread of its own and shows so, with its mutators in its own name", async () => {
    const made = await start({ acme: isolated("acme", 'env.set("ACME", "1");'), next: NEXT });
    expect(workers()).to.equal(1);
    const { state, isolation, contributions, timings, error } = made.status("acme");
    expect({ state, isolation, contributions, error }).to.deep.equal({
      state: "enabled",
      isolation: "worker",
      contributions: { env_mutators: ["acme"], boot_tasks: [], loops: [] },
      error: null,
    });
    expect(Object.values(timings)).to.not.include(null);
    expect(made.status("next").isolation).to.equal("none");
    const result = await provision(made);
    expect(environment(result)).to.deep.equal({ ACME: "1", NEXT: "1" });
    expect(result.ledger().variables.ACME?.[0]?.writer).to.deep.equal({
      kind: "plugin",
      name: "acme",
      version: "0.0.0",
      mutator: "acme",
    });
  });

  it("gives it an empty environment: neither process.env nor ctx.env tells anything of the host", async () => {
    process.env.MOLECULE_TEST_SECRET = "host-secret-value";
    try {
      const made = await start(
        {
          acme: {
            source: moduleSource(
              "acme",
              `const seen = JSON.stringify([process.env, ctx.env, process.argv.slice(2), process.execArgv]);
               ctx.envMutators.add({ name: "acme", mutate: (env) => env.set("SEEN", seen) });`,
            ),
            entry: { isolation: "worker" },
          },
        },
        { env: { DATABASE_URL: "postgres://u:p@db" } },
      );
      expect(environment(await provision(made))).to.deep.equal({ SEEN: "[{},{},[],[]]" });
    } finally {
      delete process.env.MOLECULE_TEST_SECRET;
    }
  });

  it("lets only what the plugin may read cross into the worker, of each workspace its own", async () => {
    const body = 'env.set("SEEN", JSON.stringify(env.keys().map((key) => [key, env.get(key)])));';
    const made = await start({
      acme: isolated("acme", body, { env: { reads: ["ACME_*"], writes: ["SEEN"] } }),
    });
    const results = await Promise.all(
      ["one", "two"].map((id) => provision(made, { ACME_ID: id, SECRET: `of ${id}` }, { workspaceId: id })),
    );
    expect(results.map((result) => environment(result)?.SEEN)).to.deep.equal([
      '[["ACME_ID","one"]]',
      '[["ACME_ID","two"]]',
    ]);
  });

  it("lets calls run side by side in one worker, each with its own answer", async () => {
    const made = await start({
      acme: isolated("acme", 'await pause(Number(env.get("MS"))); env.set("DONE", env.get("MS"));'),
    });
    const results = await Promise.all(["30", "1", "15"].map((MS) => provision(made, { MS })));
    expect(results.map((result) => environment(result)?.DONE)).to.deep.equal(["30", "1", "15"]);
    expect(workers()).to.equal(1);
  });

  it("gives setup its config, validated in the host, with defaults, and the manifest's folder", async () => {
    const fixture = (config: Record<string, unknown>): Fixture => ({
      source: `import { definePlugin, Type } from ${JSON.stringify(CORE_URL)};
        export default definePlugin({ name: "acme", api: 1,
          config: Type.Object({ team: Type.String(), size: Type.Integer({ default: 3 }) }, { additionalProperties: false }),
          setup(ctx) { ctx.envMutators.add({ name: "acme", mutate: (env) => env.set("SEEN", JSON.stringify([ctx.config, ctx.manifestDir])) }); } });`,
      entry: { isolation: "worker", config },
    });
    const made = await start({ acme: fixture({ team: "red" }) });
    expect(JSON.parse(environment(await provision(made))?.SEEN ?? "")).to.deep.equal([
      { team: "red", size: 3 },
      made.manifest.dir,
    ]);
    const other = await start({ acme: fixture({ size: "x", colour: 1 }) });
    expect(other.status("acme").error?.code).to.equal("PLUGIN_CONFIG_INVALID");
    for (const path of ["team", "size", "colour"]) {
      expect(other.status("acme").error?.message).to.contain(`- ${path}: found`);
    }
  });

  it("takes a registry that the plugin built for itself, with its own copy of core", async () => {
    const made = await start({
      acme: {
        source: `import { definePlugin, EnvMutatorRegistry } from ${JSON.stringify(CORE_URL)};
          export default definePlugin({ name: "acme", api: 1, setup(ctx) {
            const own = new EnvMutatorRegistry();
            for (const name of ["one", "two"]) own.add({ name, mutate: (env) => env.append("ORDER", name) });
            ctx.envMutators.merge(own);
          } });`,
        entry: { isolation: "worker" },
      },
    });
    expect(made.kernel.registries.envMutators.names()).to.deep.equal(["one", "two"]);
    expect(environment(await provision(made))).to.deep.equal({ ORDER: "one:two" });
  });

  it("passes files and secrets with their expiry", async () => {
    const made = await start({
      acme: isolated(
        "acme",
        `env.set("TOKEN", env.secret("s3cret-value", { expiresAt: new Date(1_900_000_000_000) }));
         env.set("AT", env.files.add({ path: "/opt/tool", mode: 0o755, content: new Uint8Array([0, 1, 255]) }));`,
      ),
    });
    const result = await provision(made);
    expect(result.secrets).to.deep.equal([
      { key: "TOKEN", value: "s3cret-value", expiresAt: new Date(1_900_000_000_000) },
    ]);
    expect(environment(result)?.AT).to.equal("/root/of/files/opt/tool");
    expect(result.ok && result.files).to.deep.equal([
      { path: "/opt/tool", mode: 0o755, content: new Uint8Array([0, 1, 255]) },
    ]);
    expect(result.ledger().variables.TOKEN?.[0]?.value).to.equal("***");
  });

  it("lets a secret be known before any line that was written after it was marked", async () => {
    const made = await start({
      acme: isolated(
        "acme",
        'env.secret("s3cret"); console.log("prints s3cret"); ctx.log.info("logs s3cret"); throw new Error("throws");',
      ),
    });
    const result = await provision(made, {}, { onSecret: (value) => made.log.debug(`known: ${value}`) });
    expect(result.ok).to.equal(false);
    await logged(made, "prints s3cret");
    const lines = made.log.lines.map(({ message }) => message).filter((text) => text.includes("s3cret"));
    expect(lines[0]).to.equal("known: s3cret");
    expect(lines).to.have.members(["known: s3cret", "prints s3cret", "logs s3cret"]);
  });

  it("writes the plugin's log lines and its output into the host's log, with what they belong to", async () => {
    const made = await start({
      acme: isolated(
        "acme",
        `ctx.log.child({ step: 1 }).warn("careful", { f() {}, n: 2 });
         console.log("to stdout"); console.error("to stderr");`,
      ),
    });
    await provision(made);
    await logged(made, "to stderr");
    await logged(made, "to stdout");
    const workspaceId = "11111111-1111-4111-8111-111111111111";
    const lines = made.log.lines.filter(({ fields }) => fields.plugin === "acme");
    expect(lines).to.deep.include({
      level: "warn",
      message: "careful",
      fields: { plugin: "acme", mutator: "acme", workspaceId, step: 1, f: "a function", n: 2 },
    });
    expect(lines).to.deep.include({
      level: "info",
      message: "to stdout",
      fields: { plugin: "acme", stream: "stdout" },
    });
    expect(lines).to.deep.include({
      level: "warn",
      message: "to stderr",
      fields: { plugin: "acme", stream: "stderr" },
    });
  });

  it("leaves the plugin failed when a name is taken by another plugin", async () => {
    const made = await start({
      next: NEXT,
      acme: {
        source: moduleSource(
          "acme",
          'for (const name of ["mine", "next"]) ctx.envMutators.add({ name, mutate() {} });',
        ),
        entry: { isolation: "worker" },
      },
    });
    expect(made.states()).to.deep.equal(["next enabled", "acme failed"]);
    expect(made.status("acme").error?.code).to.equal("CONTRIBUTION_DUPLICATE");
    expect(made.kernel.registries.envMutators.names()).to.deep.equal(["next"]);
    expect(workers()).to.equal(0);
  });

  it("passes token() on, its failures and its abort, and offers none where the mutator has none", async () => {
    const made = await start({
      acme: {
        source: moduleSource(
          "acme",
          `ctx.envMutators.add({ name: "plain", mutate() {} });
           ctx.envMutators.add({ name: "tokens", mutate() {}, async token({ workspaceId, signal }) {
             if (workspaceId === null) throw Object.assign(new Error("for no one"), { $$type: "@molecule/coded-error", code: "ACME_NONE", details: {} });
             if (workspaceId === "odd") return { token: () => 1 };
             if (workspaceId === "wrong") return { token: "x", expiresAt: "tomorrow" };
             if (workspaceId === "slow") await new Promise((resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
             return { token: "token of " + workspaceId, expiresAt: new Date(5) };
           } });`,
        ),
        entry: { isolation: "worker" },
      },
    });
    expect("token" in mutatorOf(made, "plain")).to.equal(false);
    const tokens = mutatorOf(made, "tokens");
    const ask = async (workspaceId: string | null, signal = CTX.signal) =>
      tokens.token?.({ workspaceId, signal });
    expect(await ask("w")).to.deep.equal({ token: "token of w", expiresAt: new Date(5) });
    const failure = await codedFailureOf(() => ask(null));
    expect([failure.code, failure.message]).to.deep.equal(["ACME_NONE", "for no one"]);
    expect(await messageOfRejection(ask("odd"))).to.contain("could not be cloned");
    expect((await codedFailureOf(() => ask("wrong"))).message).to.contain(
      'answered token() of mutator "tokens" with something of another shape',
    );
    const giveUp = new AbortController();
    const slow = ask("slow", giveUp.signal);
    giveUp.abort(new Error("no longer wanted"));
    expect(await messageOfRejection(slow)).to.equal("no longer wanted");
  });

  it("answers a call that comes after the disable with a coded error", async () => {
    const made = await start({ acme: isolated("acme", "") });
    const { envMutators } = made.kernel.registries;
    const [taken] = envMutators.mutators();
    const draft = new RecordingDraft(new Map(), { plugin: "acme", mutator: "acme", fileRoot: "" });
    await made.kernel.plugins.toggle("acme", false);
    const { message } = await codedFailureOf(() => taken?.mutate(draft, CTX));
    expect(message).to.equal('plugin "acme": it was called after it had been disabled; its worker is gone');
  });

  it("edits only the chain's own drafts", async () => {
    const made = await start({ acme: isolated("acme", "") });
    const stranger = {
      get: () => undefined,
      has: () => false,
      keys: () => [],
      set: () => undefined,
      setDefault: () => undefined,
      prepend: () => undefined,
      append: () => undefined,
      unset: () => undefined,
      secret: (value: string) => ({ $$type: "@molecule/secret-value" as const, value }),
      files: { add: () => "" },
    };
    const { code } = await codedFailureOf(() => mutatorOf(made, "acme").mutate(stranger, CTX));
    expect(code).to.equal("PLUGIN_ISOLATION_UNSUPPORTED");
  });
});

async function messageOfRejection(work: Promise<unknown>): Promise<string> {
  return work.then(() => "no rejection", messageOf);
}
