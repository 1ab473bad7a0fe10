import { expect } from "chai";
import fc from "fast-check";
import type { ChainResult } from "@molecule/core";
import { PluginBench, type Fixture } from "../../support/plugins.js";
import { moduleSource, provision } from "./isolated.js";

/** A mutator that does what the variable PROGRAM says. */
const INTERPRETER = moduleSource(
  "acme",
  String.raw`
  const bytes = (text) => Buffer.from(text, "utf8");
  const given = (env, step) =>
    step.secret ? env.secret(step.value, step.expires === null ? undefined : { expiresAt: new Date(step.expires) }) : step.value;
  const seen = (env, key) => JSON.stringify([env.get(key) ?? null, env.has(key), env.keys()]);
  const run = (env, ctx, step) => {
    switch (step.do) {
      case "set": return env.set(step.key, given(env, step));
      case "setDefault": return env.setDefault(step.key, given(env, step));
      case "prepend": return env.prepend(step.key, given(env, step), step.separator ?? undefined);
      case "append": return env.append(step.key, given(env, step), step.separator ?? undefined);
      case "unset": return env.unset(step.key);
      case "look": return env.set("ACME_SEEN", seen(env, step.key));
      case "file": return env.set("ACME_FILE", env.files.add({ path: step.path, mode: step.mode, content: step.bytes ? bytes(step.value) : step.value }));
      case "facts": return env.set("ACME_FACTS", [ctx.workspaceId, ctx.name, ctx.role, ctx.runtime, ctx.tier, ctx.parentId, ctx.attempt, ctx.dryRun, ctx.signal.aborted].join());
      case "throw": throw step.kind === "plain" ? new Error(step.value) : step.kind === "text" ? step.value
        : Object.assign(new Error(step.value), { $$type: "@molecule/coded-error", code: "ACME_ODD", details: { why: step.value } });
    }
  };
  ctx.envMutators.add({ name: "acme", mutate(env, ctx) {
    const program = JSON.parse(env.get("PROGRAM"));
    const each = (step) => {
      if (!step.careless) return run(env, ctx, step);
      try { run(env, ctx, step); } catch {}
    };
    if (program.sync) { program.steps.forEach(each); return; }
    return (async () => { for (const step of program.steps) { await null; each(step); } })();
  } });`,
);

const ENTRY = {
  env: { reads: ["PROGRAM", "ACME_*", "PATH"], writes: ["ACME_*", "PATH", "HIDDEN", "WORKSPACE_ID"] },
};
const KEYS = [
  "ACME_A",
  "ACME_B",
  "PATH",
  "HIDDEN",
  "__proto__",
  "ACME_=",
  "",
  "WORKSPACE_ID",
  "OTHER",
] as const;

const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom("a\0b", "\uD800", "x".repeat(140_000)) },
);
const careless = fc.boolean();
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("ACME_A", "PATH", "HIDDEN") },
  fc.constantFrom(...KEYS),
);
const value = {
  key,
  careless,
  value: text,
  secret: fc.boolean(),
  expires: fc.constantFrom(null, 0, 1_900_000_000_000),
};
const separator = fc.option(fc.constantFrom("", ":", ", ", "\0"));
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("set", "setDefault"), ...value }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("prepend", "append"), separator, ...value }) },
    {
      // Too long once joined. Not onto what the plugin can't read: then only the host knows how long it is.
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("append"),
        ...value,
        separator,
        key: fc.constantFrom("ACME_A", "PATH"),
        value: fc.constant("x".repeat(70_000)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("unset"), key, careless }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("look"), key, careless }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("file"),
        path: fc.constantFrom("/opt/a", "/opt/b", "relative", "/opt/../etc"),
        mode: fc.constantFrom(0o644, 0o755, 0o7777),
        bytes: fc.boolean(),
        value: text,
        careless,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("facts"), careless }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("throw"),
        kind: fc.constantFrom("plain", "text", "coded"),
        value: text,
        careless,
      }),
    },
  ),
  { maxLength: 10 },
);
const base = fc.dictionary(
  fc.constantFrom("ACME_A", "PATH", "HIDDEN", "OTHER"),
  fc.constantFrom("", "/bin", "x"),
);

describe("a plugin in a worker and in the host", () => {
  const benches: PluginBench[] = [];

  before(async () => {
    for (const isolation of ["worker", undefined]) {
      const acme: Fixture = { source: INTERPRETER, entry: { ...ENTRY, onError: "skip", isolation } };
      const bench = await PluginBench.make({ acme });
      benches.push(bench);
      await bench.kernel.boot("storage");
    }
  });

  after(async () => {
    for (const bench of benches) {
      await bench.kernel.stop();
      await bench.end();
    }
  });

  it("gives the same environment, files, secrets, errors and ledger whatever its mutator does", async () => {
    expect(benches.map((bench) => bench.status("acme").isolation)).to.deep.equal(["worker", "none"]);
    await fc.assert(
      fc.asyncProperty(base, steps, fc.boolean(), async (env, program, sync) => {
        const PROGRAM = JSON.stringify({ sync, steps: program });
        const [inWorker, inHost] = await Promise.all(
          benches.map(async (bench) => {
            const secrets = new Set<string>();
            const onSecret = (value: string) => secrets.add(value);
            return { secrets, ...timeless(await provision(bench, { ...env, PROGRAM }, { onSecret })) };
          }),
        );
        expect(inWorker).to.deep.equal(inHost);
      }),
      { numRuns: 300 },
    );
    // Each run wakes another thread twice, which takes a busy machine its time.
  }).timeout(240_000);
});

/** All of a result but how long it took. */
function timeless(result: ChainResult): object {
  const { mutators, ...ledger } = result.ledger();
  return {
    ...(result.ok ? { env: [...result.env], files: result.files } : { error: result.error.message }),
    marked: result.secrets,
    ledger: { ...ledger, mutators: mutators.map((run) => ({ ...run, durationMs: 0 })) },
  };
}
