import { expect } from "chai";
import fc from "fast-check";
import type { ChainResult, EnvDraft, EnvMutator } from "@molecule/core";
import { applyEdit, type EditOperation } from "../../../dist/src/hooks/env-mutators/draft.js";
import { ChainBench, type ChainOptions } from "../../support/chain.js";

interface Edit {
  readonly operation: EditOperation;
  readonly key: string;
  readonly value: string;
}

interface Plan {
  readonly edits: readonly Edit[];
  readonly outcome: "ok" | "throws" | "rejects" | "breaks a rule";
  readonly isAsync: boolean;
}

const key = fc.constantFrom("A", "B", "C", "__proto__");
const value = fc.constantFrom("", "x", "y", "zz");
const edit: fc.Arbitrary<Edit> = fc.record({
  operation: fc.constantFrom("set", "setDefault", "prepend", "append", "unset"),
  key,
  value,
});
const plan: fc.Arbitrary<Plan> = fc.record({
  edits: fc.array(edit, { maxLength: 6 }),
  outcome: fc.constantFrom("ok", "ok", "ok", "throws", "rejects", "breaks a rule"),
  isAsync: fc.boolean(),
});
const layer = fc.dictionary(fc.constantFrom("A", "B", "C"), value);

function perform(draft: EnvDraft, { operation, key, value }: Edit): void {
  if (operation === "unset") draft.unset(key);
  else draft[operation](key, value);
}

function toMutator(plan: Plan, index: number): EnvMutator {
  const act = (draft: EnvDraft) => {
    for (const each of plan.edits) perform(draft, each);
    if (plan.outcome === "throws") throw new Error("no");
    if (plan.outcome === "breaks a rule") draft.set("WORKSPACE_ID", "x");
  };
  const mutate = async (draft: EnvDraft) => {
    await Promise.resolve();
    act(draft);
    if (plan.outcome === "rejects") throw new Error("no");
  };
  return { name: `m${index}`, mutate: plan.isAsync || plan.outcome === "rejects" ? mutate : act };
}

/** All mutators skip on failure. */
function skipAll(plans: readonly Plan[]): NonNullable<ChainOptions["policies"]> {
  return Object.fromEntries(plans.map((_, index) => [`m${index}`, { onError: "skip" }]));
}

/** The environment that a plain loop over a map gives when only the good mutators run. */
function modelOf(
  layers: readonly Readonly<Record<string, string>>[],
  plans: readonly Plan[],
): Map<string, string> {
  const env = new Map(layers.flatMap((each) => Object.entries(each)));
  for (const { edits, outcome } of plans) {
    if (outcome !== "ok") continue;
    for (const { operation, key, value } of edits) {
      const next = applyEdit(operation, env.get(key), value);
      if (next === undefined) env.delete(key);
      else env.set(key, next);
    }
  }
  return env;
}

/** The environment that the ledger's entries marked as applied describe. */
function replayLedger(result: ChainResult): Map<string, string> {
  const env = new Map<string, string>();
  for (const [key, entries] of Object.entries(result.ledger().variables)) {
    let present: string | undefined;
    for (const { operation, value, outcome } of entries) {
      if (outcome !== "applied") continue;
      present = applyEdit(operation === "layer" ? "set" : operation, present, value ?? "");
    }
    if (present !== undefined) env.set(key, present);
  }
  return env;
}

function envOf(result: ChainResult): ReadonlyMap<string, string> {
  if (!result.ok) throw result.error;
  return result.env;
}

function sorted(env: ReadonlyMap<string, string>): [string, string][] {
  return [...env].sort(([a], [b]) => (a < b ? -1 : 1));
}

describe("any chain of edits", () => {
  const inputs = [fc.array(layer, { maxLength: 3 }), fc.array(plan, { maxLength: 6 })] as const;
  const run = (layers: readonly Readonly<Record<string, string>>[], plans: readonly Plan[]) =>
    new ChainBench().run(plans.map(toMutator), {
      layers: layers.map((env, index) => ({ name: `layer${index}`, env })),
      policies: skipAll(plans),
    });

  it("gives what a plain loop over the good mutators gives: failed ones leave no trace", async () => {
    await fc.assert(
      fc.asyncProperty(...inputs, async (layers, plans) => {
        expect(sorted(envOf(await run(layers, plans)))).to.deep.equal(sorted(modelOf(layers, plans)));
      }),
    );
  });

  it("gives the environment that its ledger's applied writes describe", async () => {
    await fc.assert(
      fc.asyncProperty(...inputs, async (layers, plans) => {
        const result = await run(layers, plans);
        expect(sorted(envOf(result))).to.deep.equal(sorted(replayLedger(result)));
      }),
    );
  });

  it("marks in its ledger every write once, and as dropped just those of failed mutators", async () => {
    await fc.assert(
      fc.asyncProperty(...inputs, async (layers, plans) => {
        const { variables, mutators } = (await run(layers, plans)).ledger();
        const entries = Object.values(variables).flat();
        plans.forEach(({ edits, outcome }, index) => {
          const own = entries.filter(({ writer }) => writer.name === `m${index}`);
          expect(own).to.have.length(edits.length);
          for (const entry of own) expect(entry.outcome === "dropped").to.equal(outcome !== "ok");
          expect(mutators[index]).to.include({
            outcome: outcome === "ok" ? "applied" : "skipped",
            edits: outcome === "ok" ? edits.length : 0,
          });
        });
        expect(entries).to.have.length(
          layers.reduce((sum, each) => sum + Object.keys(each).length, 0) +
            plans.reduce((sum, { edits }) => sum + edits.length, 0),
        );
      }),
    );
  });

  it("shows each mutator the very environment that the chain would give if it ended there", async () => {
    await fc.assert(
      fc.asyncProperty(...inputs, async (layers, plans) => {
        const seen: [string, string][][] = [];
        const spies = plans.flatMap((each, index): EnvMutator[] => [
          toMutator(each, index),
          {
            name: `spy${index}`,
            mutate: (env) => {
              seen.push(sorted(new Map(env.keys().map((name) => [name, env.get(name) ?? ""]))));
            },
          },
        ]);
        await new ChainBench().run(spies, {
          layers: layers.map((env, index) => ({ name: `layer${index}`, env })),
          policies: skipAll(plans),
        });
        const expected = plans.map((_, index) => sorted(modelOf(layers, plans.slice(0, index + 1))));
        expect(seen).to.deep.equal(expected);
      }),
    );
  });
});
