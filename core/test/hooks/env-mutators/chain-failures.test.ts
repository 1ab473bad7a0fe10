import { expect } from "chai";
import { CodedError, type EnvMutator, type MutatorPolicy } from "@molecule/core";
import { ChainBench, envOf, failureOf, outcomesOf } from "../../support/chain.js";
import { callUntyped, codedFailureOf } from "../../support/failures.js";

const mutator = (name: string, mutate: EnvMutator["mutate"]): EnvMutator => ({ name, mutate });
const setsLate = mutator("late", (env) => env.set("LATE", "1"));

/** Edits something and fails then, in the given way. */
const failing = (fail: () => void | Promise<void>): EnvMutator =>
  mutator("bad", (env) => {
    env.set("K", "changed");
    env.set("NEW", "1");
    env.unset("GONE");
    env.files.add({ path: "/x", mode: 0o600, content: "x" });
    return fail();
  });

const BASE = { K: "old", GONE: "still here" };

describe("a failing env mutator", () => {
  const ways: readonly [string, () => void | Promise<void>, string][] = [
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      "boom",
    ],
    ["rejects", () => Promise.reject(new Error("boom")), "boom"],
    [
      "throws something that has no text",
      async () => {
        await callUntyped(Promise, "reject", Object.create(null));
      },
      "something without a text was thrown",
    ],
  ];
  for (const [what, fail, reason] of ways) {
    it(`that ${what} fails the provision by name, leaves no trace and ends the chain`, async () => {
      const bench = new ChainBench();
      const result = await bench.run([mutator("ok", (env) => env.set("OK", "1")), failing(fail), setsLate], {
        env: BASE,
      });
      expect(failureOf(result)).to.deep.equal({
        plugin: "bad",
        code: "ENV_MUTATOR_FAILED",
        message: `plugin "bad": mutator "bad" failed: ${reason}`,
      });
      expect(outcomesOf(result)).to.deep.equal(["ok: applied", "bad: failed", "late: not-run"]);
      expect(result.ledger().files).to.deep.equal([]);
    });

    it(`that ${what} is passed over without a trace where its policy is skip`, async () => {
      const result = await new ChainBench().run([failing(fail), setsLate], {
        env: BASE,
        policies: { bad: { onError: "skip" } },
      });
      expect(envOf(result)).to.deep.equal({ ...BASE, LATE: "1" });
      expect(result.ok && result.files).to.deep.equal([]);
      expect(outcomesOf(result)).to.deep.equal(["bad: skipped", "late: applied"]);
      expect(result.ledger().mutators[0]?.error?.code).to.equal("ENV_MUTATOR_FAILED");
    });
  }

  it("keeps the code and text of a coded error that it throws, and its cause otherwise", async () => {
    const coded = new CodedError("ACME_DOWN", "acme is down");
    const first = await new ChainBench().run([failing(() => Promise.reject(coded))]);
    expect(first.ok || first.error).to.equal(coded);
    const plain = new Error("boom");
    const second = await new ChainBench().run([failing(() => Promise.reject(plain))]);
    expect(second.ok || second.error.cause).to.equal(plain);
  });

  it("fails also when it swallows the refusal of an edit", async () => {
    const result = await new ChainBench().run([
      mutator("bad", (env) => {
        env.set("K", "v");
        try {
          env.set("WORKSPACE_ID", "mine");
        } catch {
          env.set("L", "v");
        }
      }),
    ]);
    expect(failureOf(result).code).to.equal("ENV_KEY_PROTECTED");
  });

  it("fails with the rule that it broke, not with the type error that plain JavaScript would give", async () => {
    const result = await new ChainBench().run([
      mutator("bad", (env) => void callUntyped(env, "set", "K", undefined)),
    ]);
    expect(failureOf(result).message).to.equal(
      'plugin "bad": the value of K is of type undefined; give a string, or what secret() returned',
    );
  });

  it("takes a thenable whose then throws for a rejection", async () => {
    const thenable = {
      then: () => {
        throw new Error("no promise");
      },
    };
    const bad = mutator("bad", () => undefined);
    Reflect.set(bad, "mutate", () => thenable);
    const result = await new ChainBench().run([bad]);
    expect(failureOf(result).message).to.equal('plugin "bad": mutator "bad" failed: no promise');
  });

  it("can't change anything after it returned, and is told so", async () => {
    let edit: () => void = () => undefined;
    const result = await new ChainBench().run([
      mutator("bad", (env) => {
        env.set("K", "in time");
        edit = () => {
          env.set("K", "too late");
        };
      }),
    ]);
    const error = await codedFailureOf(edit);
    expect(error.message).to.equal(
      'plugin "bad": mutator "bad" edited the environment after it had finished; await all work before mutate() returns',
    );
    expect(envOf(result)).to.deep.equal({ K: "in time" });
  });

  it("hands over the secrets of dropped edits too: its error may tell them", async () => {
    const bench = new ChainBench();
    const result = await bench.run([
      mutator("bad", (env) => {
        env.set("TOKEN", env.secret("s3cret-value"));
        throw new Error("refused: s3cret-value");
      }),
    ]);
    for (const { value } of result.secrets) bench.masker.add(value);
    expect(result.secrets.map(({ value }) => value)).to.deep.equal(["s3cret-value"]);
    expect(JSON.stringify(result.ledger())).not.to.include("s3cret-value");
    expect(result.ledger().mutators[0]?.error?.message).to.equal(
      'plugin "bad": mutator "bad" failed: refused: ***',
    );
  });
});

describe("the failure policy last-good", () => {
  const policies: Readonly<Record<string, MutatorPolicy>> = { token: { onError: "last-good" } };
  let fails: boolean;
  let value: string;
  let expiresInMs: number | undefined;
  let bench: ChainBench;

  const token: EnvMutator = {
    name: "token",
    mutate(env) {
      const expiry =
        expiresInMs === undefined ? {} : { expiresAt: new Date(bench.clock.now() + expiresInMs) };
      env.set("TOKEN", env.secret(value, expiry));
      env.append("PATH", "/opt");
      env.files.add({ path: "/token", mode: 0o600, content: value });
      if (fails) throw new Error("down");
    },
  };

  beforeEach(() => {
    bench = new ChainBench();
    fails = false;
    value = "first-value";
    expiresInMs = undefined;
  });

  it("reuses the last accepted edits over the environment as it is now", async () => {
    await bench.run([token], { policies, env: { PATH: "/bin" } });
    fails = true;
    value = "second-value";
    const result = await bench.run([token, setsLate], { policies, env: { PATH: "/usr/bin" } });
    expect(envOf(result)).to.deep.equal({ PATH: "/usr/bin:/opt", TOKEN: "first-value", LATE: "1" });
    expect(result.ok && result.files).to.deep.equal([
      { path: "/token", mode: 0o600, content: "first-value" },
    ]);
    expect(outcomesOf(result)).to.deep.equal(["token: last-good", "late: applied"]);
    expect(result.ledger().mutators[0])
      .to.include({ edits: 2 })
      .and.to.have.nested.property("error.code", "ENV_MUTATOR_FAILED");
    expect(result.ledger().variables.TOKEN?.map(({ outcome }) => outcome)).to.deep.equal([
      "dropped",
      "applied",
    ]);
  });

  it("tells of the secrets that it reuses: a new attempt has forgotten those of the last one", async () => {
    await bench.run([token], { policies });
    fails = true;
    value = "second-value";
    const told: string[] = [];
    const toldBefore: string[][] = [];
    const copies = mutator("late", (env) => {
      toldBefore.push([...told]);
      env.set("COPY", env.get("TOKEN") ?? "");
    });
    await bench.run([token, copies], { policies, onSecret: (secret) => told.push(secret) });
    expect(toldBefore).to.deep.equal([["second-value", "first-value"]]);
  });

  it("fails the provision while nothing was accepted yet for this workspace", async () => {
    await bench.run([token], { policies, facts: { workspaceId: "another" } });
    fails = true;
    const result = await bench.run([token], { policies });
    expect(failureOf(result)).to.include({ plugin: "token", code: "ENV_MUTATOR_FAILED" });
    expect(outcomesOf(result)).to.deep.equal(["token: failed"]);
  });

  it("fails the provision where they would make a variable larger than a process can be given", async () => {
    const size = 128 * 1024 - "PATH=\0".length;
    await bench.run([token], { policies, env: { PATH: "/bin" } });
    fails = true;
    const fits = await bench.run([token], { policies, env: { PATH: "x".repeat(size - ":/opt".length) } });
    expect(outcomesOf(fits)).to.deep.equal(["token: last-good"]);
    const result = await bench.run([token], { policies, env: { PATH: "x".repeat(size - 1) } });
    expect(outcomesOf(result)).to.deep.equal(["token: failed"]);
  });

  it("reuses a secret until it expires, and not a moment longer", async () => {
    expiresInMs = 60_000;
    await bench.run([token], { policies });
    fails = true;
    await bench.clock.advance(59_999);
    expect(outcomesOf(await bench.run([token], { policies }))).to.deep.equal(["token: last-good"]);
    await bench.clock.advance(1);
    expect(outcomesOf(await bench.run([token], { policies }))).to.deep.equal(["token: failed"]);
  });

  it("does not remember what a preview made: it may be a stand-in", async () => {
    await bench.run([token], { policies, facts: { dryRun: true } });
    fails = true;
    expect(outcomesOf(await bench.run([token], { policies }))).to.deep.equal(["token: failed"]);
  });

  it("does not remember failed edits in the place of good ones", async () => {
    await bench.run([token], { policies });
    fails = true;
    value = "second-value";
    await bench.run([token], { policies });
    expect(envOf(await bench.run([token], { policies })).TOKEN).to.equal("first-value");
  });

  it("keeps no one's edits who did not ask for it", async () => {
    await bench.run([token], { policies: { token: { onError: "skip" } } });
    fails = true;
    expect(outcomesOf(await bench.run([token], { policies }))).to.deep.equal(["token: failed"]);
  });

  it("forgets the workspace that was used longest ago when it remembers 4,096", () => {
    const edits = { edits: [], files: [] };
    const of = (workspaceId: string) => ({ plugin: "acme", mutator: "m", workspaceId });
    for (let index = 0; index < 4_096; index += 1) bench.lastGood.remember(of(`ws-${index}`), edits);
    bench.lastGood.remember(of("ws-0"), edits);
    bench.lastGood.remember(of("one more"), edits);
    expect(bench.lastGood.recall(of("ws-0"), 0)).to.equal(edits);
    expect(bench.lastGood.recall(of("ws-1"), 0)).to.equal(undefined);
    expect(bench.lastGood.recall(of("ws-2"), 0)).to.equal(edits);
  });
});
