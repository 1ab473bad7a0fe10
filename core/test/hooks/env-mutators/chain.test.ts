import { expect } from "chai";
import type { EnvMutator } from "@molecule/core";
import { ChainBench, envOf, failureOf } from "../../support/chain.js";

const mutator = (name: string, mutate: EnvMutator["mutate"]): EnvMutator => ({ name, mutate });

describe("runEnvChain", () => {
  it("lays later layers over earlier ones, and the mutators over all of them", async () => {
    const result = await new ChainBench().run(
      [mutator("m", (env) => env.append("PATH", env.get("LAYER") ?? ""))],
      {
        layers: [
          { name: "image", env: { PATH: "/bin", LAYER: "image" } },
          { name: "platform", env: { LAYER: "platform", WORKSPACE_ID: "id" } },
        ],
      },
    );
    expect(envOf(result)).to.deep.equal({ PATH: "/bin:platform", LAYER: "platform", WORKSPACE_ID: "id" });
  });

  it("runs the mutators one after the other, each seeing what the earlier ones did", async () => {
    const seen: (string | undefined)[] = [];
    const step = (name: string, isSlow: boolean) =>
      mutator(name, async (env) => {
        seen.push(`${name} sees ${env.get("K") ?? "nothing"}`);
        if (isSlow) await Promise.resolve();
        env.append("K", name);
      });
    const result = await new ChainBench().run([step("a", true), step("b", false), step("c", true)]);
    expect(seen).to.deep.equal(["a sees nothing", "b sees a", "c sees a:b"]);
    expect(envOf(result)).to.deep.equal({ K: "a:b:c" });
  });

  it("applies every kind of edit", async () => {
    const result = await new ChainBench().run(
      [
        mutator("m", (env) => {
          env.set("SET", "new");
          env.setDefault("KEPT", "new");
          env.setDefault("FILLED", "new");
          env.prepend("PATH", "/a");
          env.append("PATH", "/z");
          env.unset("GONE");
          env.set("TOKEN", env.secret("s3cret-value"));
        }),
      ],
      { env: { SET: "old", KEPT: "old", PATH: "/bin", GONE: "x" } },
    );
    expect(envOf(result)).to.deep.equal({
      SET: "new",
      KEPT: "old",
      PATH: "/a:/bin:/z",
      FILLED: "new",
      TOKEN: "s3cret-value",
    });
    expect(result.secrets).to.deep.equal([{ key: "TOKEN", value: "s3cret-value", expiresAt: undefined }]);
  });

  it("tells each mutator what the provision is for", async () => {
    let facts: unknown;
    await new ChainBench().run([
      mutator("m", (_, ctx) => {
        const { workspaceId, name, role, runtime, tier, parentId, attempt, dryRun } = ctx;
        facts = { workspaceId, name, role, runtime, tier, parentId, attempt, dryRun };
      }),
    ]);
    expect(facts).to.deep.equal({
      workspaceId: "11111111-1111-4111-8111-111111111111",
      name: "Hello",
      role: "pmm-lead",
      runtime: "demo",
      tier: 2,
      parentId: null,
      attempt: 3,
      dryRun: false,
    });
  });

  it("gives each mutator a log that carries its name, its plugin's and the workspace", async () => {
    const bench = new ChainBench();
    await bench.run([
      mutator("m", (_, ctx) => {
        ctx.log.info("hello", { n: 1 });
      }),
    ]);
    expect(bench.log.lines).to.deep.equal([
      {
        level: "info",
        message: "hello",
        fields: { plugin: "m", mutator: "m", workspaceId: "11111111-1111-4111-8111-111111111111", n: 1 },
      },
    ]);
  });

  it("hands out one signal per mutator, and the same one when asked again", async () => {
    const signals: AbortSignal[] = [];
    const ask = mutator("m", (_, ctx) => {
      signals.push(ctx.signal, ctx.signal);
    });
    await new ChainBench().run([ask, { ...ask, name: "n" }]);
    expect(signals[0]).to.equal(signals[1]);
    expect(signals[0]).not.to.equal(signals[2]);
    expect(signals[0]?.aborted).to.be.false;
  });

  it("collects the files, of which a later one replaces an earlier one at the same path", async () => {
    const file = (content: string) => ({ path: "/opt/tool", mode: 0o755, content });
    const result = await new ChainBench().run(
      [
        mutator("a", (env) => {
          env.set("TOOL", env.files.add(file("first")));
          env.files.add({ path: "/opt/other", mode: 0o600, content: "é" });
        }),
        mutator("b", (env) => {
          env.files.add(file("second"));
        }),
      ],
      { fileRoot: "/srv/x" },
    );
    expect(result.ok && result.files).to.deep.equal([
      file("second"),
      { path: "/opt/other", mode: 0o600, content: "é" },
    ]);
    expect(envOf(result)).to.deep.equal({ TOOL: "/srv/x/opt/tool" });
    const writer = (name: string) => ({ kind: "plugin", name, version: "1.0.0", mutator: name });
    expect(result.ledger().files).to.deep.equal([
      { path: "/opt/tool", mode: "0755", bytes: 6, writer: writer("b") },
      { path: "/opt/other", mode: "0600", bytes: 2, writer: writer("a") },
    ]);
  });

  it("shows a mutator only what its manifest entry lets it read, and refuses what it may not write", async () => {
    const seen: unknown[] = [];
    const result = await new ChainBench().run(
      [
        mutator("m", (env) => {
          seen.push(env.keys(), env.get("TOKEN"));
          env.set("VAULT_ADDR", "x");
          env.set("OTHER", "x");
        }),
      ],
      {
        env: { TOKEN: "s3cret", ACME_URL: "u", ACME_ID: "i" },
        policies: { m: { reads: ["ACME_*"], writes: ["VAULT_*"] } },
      },
    );
    expect(seen).to.deep.equal([["ACME_URL", "ACME_ID"], undefined]);
    expect(failureOf(result)).to.deep.equal({
      plugin: "m",
      code: "ENV_WRITE_NOT_ALLOWED",
      message: 'plugin "m": writing OTHER is not allowed; its manifest entry allows env.writes ["VAULT_*"]',
    });
  });

  it("lets a mutator join to a variable that it may not read, without wiping it", async () => {
    const result = await new ChainBench().run([mutator("m", (env) => env.append("PATH", "/opt"))], {
      env: { PATH: "/bin" },
      policies: { m: { reads: [] } },
    });
    expect(envOf(result)).to.deep.equal({ PATH: "/bin:/opt" });
  });

  it("takes an empty list of globs for nothing, and none at all for everything", async () => {
    const write = mutator("m", (env) => env.set("K", "v"));
    const refused = await new ChainBench().run([write], { policies: { m: { writes: [] } } });
    expect(failureOf(refused).code).to.equal("ENV_WRITE_NOT_ALLOWED");
    expect(envOf(await new ChainBench().run([write]))).to.deep.equal({ K: "v" });
  });

  it("refuses edits that make the environment larger than 1 MiB, and takes none of them", async () => {
    const fill = mutator("fill", (env) => {
      env.set("K0", "not yet large");
      for (let index = 0; index < 9; index += 1) env.set(`K${index}`, "é".repeat(60_000));
    });
    const result = await new ChainBench().run([fill, mutator("after", (env) => env.set("LATE", "1"))], {
      env: { K0: "small" },
      policies: { fill: { onError: "skip" } },
    });
    expect(envOf(result)).to.deep.equal({ K0: "small", LATE: "1" });
    expect(result.ledger().mutators[0]?.error).to.deep.equal({
      code: "ENV_TOO_LARGE",
      message: 'plugin "fill": its edits make the environment 1080036 bytes; at most 1048576 are allowed',
    });
  });

  it("tells of each call that takes time, with its plugin, until it has settled", async () => {
    const calls: string[] = [];
    const result = await new ChainBench().run(
      [mutator("sync", () => undefined), mutator("async", () => Promise.resolve())],
      {
        onCall: (plugin, call) => {
          calls.push(`${plugin} started`);
          void call.then(() => calls.push(`${plugin} ended`));
        },
      },
    );
    expect(result.ok).to.be.true;
    expect(calls).to.deep.equal(["async started", "async ended"]);
  });

  it("gives the layers alone when there is no mutator", async () => {
    expect(envOf(await new ChainBench().run([], { env: { A: "1" } }))).to.deep.equal({ A: "1" });
  });
});
