import {
  SecretMasker,
  runEnvChain,
  type ChainInput,
  type ChainResult,
  type ChainServices,
  type EnvLayer,
  type EnvMutator,
  type MutatorPolicy,
} from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { LastGoodEdits } from "../../dist/src/hooks/env-mutators/policy.js";

/** What a {@link ChainBench} runs with; a mutator's plugin is named as the mutator. */
export interface ChainOptions {
  readonly layers?: readonly EnvLayer[];
  readonly env?: Readonly<Record<string, string>>;
  readonly policies?: Readonly<Record<string, MutatorPolicy>>;
  readonly facts?: Partial<ChainInput["facts"]>;
  readonly fileRoot?: string;
  readonly signal?: AbortSignal;
  readonly onCall?: ChainServices["onCall"];
  readonly onSecret?: ChainInput["onSecret"];
}

/** Runs chains one after the other on one clock, with one memory of last good edits. */
export class ChainBench {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly masker = new SecretMasker();
  readonly lastGood = new LastGoodEdits();

  run(mutators: readonly EnvMutator[], options: ChainOptions = {}): Promise<ChainResult> {
    return runEnvChain(
      {
        layers: options.layers ?? [{ name: "base", env: options.env ?? {} }],
        mutators: mutators.map((contribution, index) => ({
          contribution,
          owner: { plugin: contribution.name, version: "1.0.0", order: index + 1 },
        })),
        facts: {
          workspaceId: "11111111-1111-4111-8111-111111111111",
          name: "Hello",
          role: "pmm-lead",
          runtime: "demo",
          tier: 2,
          parentId: null,
          attempt: 3,
          dryRun: false,
          ...options.facts,
        },
        fileRoot: options.fileRoot ?? "",
        signal: options.signal ?? new AbortController().signal,
        onSecret: options.onSecret,
      },
      {
        clock: this.clock,
        log: this.log,
        lastGood: this.lastGood,
        policyOf: (plugin) => options.policies?.[plugin] ?? {},
        mask: (text) => this.masker.mask(text),
        onCall: options.onCall,
      },
    );
  }
}

/** The environment of a chain that went well. */
export function envOf(result: ChainResult): Record<string, string> {
  if (!result.ok) throw result.error;
  return Object.fromEntries(result.env);
}

/** The failure of a chain that did not go well. */
export function failureOf(result: ChainResult): { plugin: string; code: string; message: string } {
  if (result.ok) throw new Error("expected the chain to fail");
  return { plugin: result.plugin, code: result.error.code, message: result.error.message };
}

/** Each mutator's outcome, in the chain's order. */
export function outcomesOf(result: ChainResult): string[] {
  return result.ledger().mutators.map((run) => `${run.mutator}: ${run.outcome}`);
}
