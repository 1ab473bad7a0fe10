import { expect } from "chai";
import type { EnvLayer, EnvMutator } from "@molecule/core";
import { ChainBench, envOf, failureOf, outcomesOf } from "../../support/chain.js";

const mutator = (name: string, mutate: EnvMutator["mutate"]): EnvMutator => ({ name, mutate });

const secrets = (env: Record<string, string>): EnvLayer => ({ name: "workspace secrets", env, secret: true });

/** Variables of 60,000 bytes each, with their `=` and NUL. */
function large(prefix: string, count: number): Record<string, string> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}_${index}`);
  return Object.fromEntries(names.map((name) => [name, "x".repeat(60_000 - name.length - 2)]));
}

describe("the layers below the plugins", () => {
  it("are refused together, by name and size, when they alone make the environment larger than 1 MiB", async () => {
    const layers = [
      { name: "image", env: { PATH: "/bin", GONE: "x".repeat(1_000) } },
      secrets({ ...large("A", 10), BIG: "x".repeat(70_000) }),
      { name: "global secrets", env: { ...large("B", 8), GONE: "" }, secret: true },
    ];
    const result = await new ChainBench().run([], { layers });
    expect(failureOf(result)).to.deep.equal({
      plugin: "host",
      code: "ENV_LAYERS_INVALID",
      message:
        "the environment has 1 fault that no plugin brought:\n" +
        "  - all layers together: found 1150021 bytes (workspace secrets 670005, global secrets 480006, image 10; " +
        "the largest variables: BIG 70005, A_0 60000, A_1 60000), " +
        "allowed: at most 1048576 bytes of KEY=VALUE and a NUL each; " +
        "delete variables that the workspace does not need, or give it large values as files",
    });
    expect(result.ledger().variables.BIG?.[0]).to.include({ value: "***" });
  });

  it("may fill 1 MiB to the last byte", async () => {
    const env = large("A", 17);
    const rest = 1024 * 1024 - 17 * 60_000;
    const run = (bytes: number) => new ChainBench().run([], { env: { ...env, REST: "x".repeat(bytes - 6) } });
    expect((await run(rest)).ok).to.be.true;
    expect(failureOf(await run(rest + 1)).code).to.equal("ENV_LAYERS_INVALID");
  });

  it("are told from the plugins, which are not held to account for what was too large before them", async () => {
    const result = await new ChainBench().run(
      [
        mutator("quiet", () => undefined),
        mutator("adds", (env) => env.set("MORE", "x".repeat(995))),
        mutator("joins", (env) => env.append("PATH", "/opt")),
      ],
      { layers: [{ name: "image", env: { PATH: "/bin" } }, secrets(large("A", 18))] },
    );
    expect(outcomesOf(result)).to.deep.equal(["quiet: applied", "adds: applied", "joins: applied"]);
    expect(failureOf(result)).to.include({ plugin: "host", code: "ENV_LAYERS_INVALID" });
    expect(failureOf(result).message).to.contain("(workspace secrets 1080000, plugins 1016; the largest");
  });

  it("may be too large as long as a mutator takes out enough, and only then can the next one be at fault", async () => {
    const takesOut = mutator("takes-out", (env) => {
      for (const key of env.keys().slice(0, 2)) env.unset(key);
    });
    const fills = mutator("fills", (env) => {
      for (const [key, value] of Object.entries(large("B", 2))) env.set(key, value);
    });
    const layers = [secrets(large("A", 18))];
    expect(Object.keys(envOf(await new ChainBench().run([takesOut], { layers })))).to.have.length(16);
    expect(failureOf(await new ChainBench().run([takesOut, fills], { layers }))).to.deep.equal({
      plugin: "fills",
      code: "ENV_TOO_LARGE",
      message: 'plugin "fills": its edits make the environment 1080000 bytes; at most 1048576 are allowed',
    });
    // Before the others have made room, nobody can tell whose fault it is.
    expect(outcomesOf(await new ChainBench().run([fills, takesOut], { layers }))).to.deep.equal([
      "fills: applied",
      "takes-out: applied",
    ]);
  });

  it("are refused with every variable that no process can be given, without its value", async () => {
    const layers = [
      { name: "image", env: { "": "nameless", "TOKEN=hunter2hunter2": "x", "N\0UL": "y", FINE: "z" } },
      { name: "platform", env: { NULLED: "a\0b" } },
      secrets({ HUGE: "x".repeat(128 * 1024), FINE_TOO: "y" }),
    ];
    const { message, code } = failureOf(await new ChainBench().run([], { layers }));
    expect(code).to.equal("ENV_LAYERS_INVALID");
    const name = 'a name that is not empty and holds neither "=" nor NUL';
    expect(message.split("\n")).to.deep.equal([
      "the environment has 5 faults that no plugin brought:",
      `  - layer "image": found the variable name "", allowed: ${name}`,
      `  - layer "image": found the variable name "TOKEN="…, allowed: ${name}`,
      `  - layer "image": found the variable name "N\\u0000"…, allowed: ${name}`,
      '  - layer "platform", variable NULLED: found a value that holds a NUL character, ' +
        "allowed: a value without NUL, which no environment can carry",
      '  - layer "workspace secrets", variable HUGE: found 131078 bytes, ' +
        "allowed: at most 131072 bytes as KEY=VALUE and a NUL; make its value smaller, or give the workspace a file instead",
    ]);
  });

  it("are judged by what is left of them: what a later layer or a mutator replaced is no fault", async () => {
    const layers = [
      { name: "image", env: { HUGE: "x".repeat(128 * 1024), NULLED: "a\0b", WIDE: "é".repeat(44_000) } },
      secrets({ NULLED: "fine" }),
    ];
    const rescue = mutator("rescue", (env) => env.unset("HUGE"));
    expect(envOf(await new ChainBench().run([rescue], { layers }))).to.deep.equal({
      NULLED: "fine",
      WIDE: "é".repeat(44_000),
    });
  });
});
