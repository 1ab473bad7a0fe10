import { isCodedError, messageOf, type ChainResult, type Plugin } from "../../src/index.js";
import { ConformanceBench, type BenchChanges } from "./bench.js";
import type { ConformanceOptions } from "./options.js";

/** How a check ended. */
export type Verdict =
  | { readonly kind: "passed" }
  /** Each fault says what to change. */
  | { readonly kind: "failed"; readonly faults: readonly string[] }
  /** It says nothing about this plugin, or another check says what is wrong. */
  | { readonly kind: "not-applicable"; readonly reason: string };

/** One rule of the conformance suite. */
export interface ConformanceCheck {
  /** What a conforming plugin does: `gives the same edits when it runs twice`. */
  readonly title: string;
  /** Why these options do not ask for the check; undefined when they do. */
  readonly declined?: (options: ConformanceOptions) => string | undefined;
  readonly run: (plugin: Plugin, options: ConformanceOptions) => Promise<Verdict>;
}

/** The verdict on a list of faults. */
export function verdictOf(faults: readonly string[]): Verdict {
  return faults.length === 0 ? { kind: "passed" } : { kind: "failed", faults };
}

/** The verdict of a check that can't say anything. */
export function notApplicable(reason: string): Verdict {
  return { kind: "not-applicable", reason };
}

/** `CODE: message` of anything thrown. */
export function describeError(thrown: unknown): string {
  return isCodedError(thrown) ? `${thrown.message} [${thrown.code}]` : messageOf(thrown);
}

/**
 * Runs `work` on a bench with the plugin and its mutators, and closes it. Where the plugin does not load, that is for
 * the check of loading to say.
 */
export async function onBench(
  plugin: Plugin,
  options: ConformanceOptions,
  work: (bench: ConformanceBench) => Promise<Verdict>,
  changes: BenchChanges = {},
): Promise<Verdict> {
  let bench: ConformanceBench;
  try {
    bench = await ConformanceBench.open(plugin, options, changes);
  } catch (error) {
    return notApplicable(`the plugin does not load: ${describeError(error)}`);
  }
  try {
    const { state, error } = bench.status;
    if (state !== "enabled") return notApplicable(`the plugin does not load: ${error?.message ?? state}`);
    if (bench.mutators.length === 0) return notApplicable("the plugin adds no env mutator");
    return await work(bench);
  } finally {
    await bench.close();
  }
}

/** What is said where the mutators fail: the check of running them says what is wrong. */
export function runFailed(result: ChainResult & { readonly ok: false }): Verdict {
  return notApplicable(`its mutators fail: ${describeError(result.error)}`);
}
