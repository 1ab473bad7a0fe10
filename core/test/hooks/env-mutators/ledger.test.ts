import { expect } from "chai";
import type { EnvLedger, EnvMutator } from "@molecule/core";
import { ChainBench } from "../../support/chain.js";

const mutator = (name: string, mutate: EnvMutator["mutate"]): EnvMutator => ({ name, mutate });

/** A variable's writes as `writer operation value outcome`. */
function writesOf(ledger: EnvLedger, key: string): string[] {
  return (ledger.variables[key] ?? []).map(
    ({ writer, operation, value, outcome }) => `${writer.name} ${operation} ${String(value)} ${outcome}`,
  );
}

describe("the ledger", () => {
  it("keeps every writer of a variable in order, losers included, with who won", async () => {
    const result = await new ChainBench().run(
      [
        mutator("a", (env) => env.set("K", "a")),
        mutator("b", (env) => env.setDefault("K", "b")),
        mutator("c", (env) => {
          env.set("K", "c");
          throw new Error("no");
        }),
        mutator("d", (env) => env.prepend("K", "d")),
        mutator("e", (env) => env.append("K", "e")),
      ],
      {
        layers: [
          { name: "image", env: { K: "image" } },
          { name: "platform", env: { K: "platform" } },
        ],
        policies: { c: { onError: "skip" } },
      },
    );
    expect(result.ok && result.env.get("K")).to.equal("d:a:e");
    expect(writesOf(result.ledger(), "K")).to.deep.equal([
      "image layer image overridden",
      "platform layer platform overridden",
      "a set a applied",
      "b setDefault b kept-existing",
      "c set c dropped",
      "d prepend d applied",
      "e append e applied",
    ]);
  });

  it("tells of a removal, and of what comes after it", async () => {
    const result = await new ChainBench().run(
      [
        mutator("a", (env) => {
          env.unset("K");
          env.unset("GONE");
        }),
        mutator("b", (env) => env.setDefault("K", "b")),
      ],
      { env: { K: "1", GONE: "1" } },
    );
    expect(writesOf(result.ledger(), "K")).to.deep.equal([
      "base layer 1 overridden",
      "a unset null overridden",
      "b setDefault b applied",
    ]);
    expect(writesOf(result.ledger(), "GONE")).to.deep.equal([
      "base layer 1 overridden",
      "a unset null applied",
    ]);
  });

  it("names the attempt, the writers and each mutator's turn", async () => {
    const bench = new ChainBench();
    const result = await bench.run([mutator("a", (env) => env.set("K", "v"))]);
    const ledger = result.ledger();
    expect(ledger.attempt).to.equal(3);
    expect(ledger.variables.K).to.deep.equal([
      {
        key: "K",
        writer: { kind: "plugin", name: "a", version: "1.0.0", mutator: "a" },
        operation: "set",
        value: "v",
        secret: false,
        outcome: "applied",
      },
    ]);
    expect(ledger.mutators).to.deep.equal([
      { plugin: "a", version: "1.0.0", mutator: "a", outcome: "applied", durationMs: 0, edits: 1 },
    ]);
  });

  it("lists variables by name, whatever they are called", async () => {
    const env: Record<string, string> = {};
    for (const key of ["b", "a", "constructor"]) env[key] = "1";
    const result = await new ChainBench().run([mutator("m", (draft) => draft.set("__proto__", "x"))], {
      env,
    });
    expect(Object.keys(result.ledger().variables)).to.deep.equal(["__proto__", "a", "b", "constructor"]);
  });

  it("masks the values of secret layers and secret edits, and known secrets inside other values", async () => {
    const bench = new ChainBench();
    const result = await bench.run(
      [
        mutator("m", (env) => {
          env.set("TOKEN", env.secret("edit-secret"));
          env.set("URL", `https://x/${env.get("LAYER") ?? ""}?t=edit-secret`);
          env.set("SHORT", env.secret("1"));
          env.set("PLAIN", "1");
        }),
      ],
      { layers: [{ name: "secrets", env: { LAYER: "layer-secret" }, secret: true }] },
    );
    expect(result.secrets.map(({ key, value }) => `${key}=${value}`)).to.deep.equal([
      "LAYER=layer-secret",
      "TOKEN=edit-secret",
      "SHORT=1",
    ]);
    for (const { value } of result.secrets) bench.masker.add(value);
    const shown = Object.fromEntries(
      Object.entries(result.ledger().variables).map(([key, [entry]]) => [
        key,
        `${entry?.value ?? ""} ${entry?.secret ?? ""}`,
      ]),
    );
    expect(shown).to.deep.equal({
      LAYER: "*** true",
      PLAIN: "1 false",
      SHORT: "*** true",
      TOKEN: "*** true",
      URL: "https://x/***?t=*** false",
    });
    expect(JSON.stringify(result.ledger())).not.to.match(/(edit|layer)-secret/);
  });
});
