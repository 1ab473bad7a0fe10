import type { ChainMutator } from "../../../src/index.js";
import type { ConformanceBench } from "../bench.js";
import { onBench, runFailed, verdictOf, type ConformanceCheck } from "../check.js";

/** Ms that a mutator may take to end after its signal has aborted, where the options say nothing. */
const DEFAULT_GRACE_MS = 1_000;

/** Ms after a mutator's start at which its signal aborts, besides at once: it then waits for something else. */
const LATER_MS = 20;

/** What the host no longer wants costs nothing any more: a timed-out mutator ends its own work. */
export const aborts: ConformanceCheck = {
  title: "ends when its signal aborts",
  run: (plugin, options) =>
    onBench(plugin, options, async (bench) => {
      const result = await bench.run();
      if (!result.ok) return runFailed(result);
      const graceMs = options.abortGraceMs ?? DEFAULT_GRACE_MS;
      const faults: string[] = [];
      for (const [index, mutator] of bench.mutators.entries()) {
        for (const delayMs of [0, LATER_MS]) {
          const ended = await endsAfterAbort(
            bench,
            bench.mutators.slice(0, index),
            mutator,
            delayMs,
            graceMs,
          );
          if (ended) continue;
          faults.push(
            `mutator "${mutator.contribution.name}" went on for more than ${graceMs} ms after ctx.signal had aborted; hand ctx.signal to what it waits for: fetch(url, { signal }), sleep(clock, ms, signal)`,
          );
          break;
        }
      }
      return verdictOf(faults);
    }),
};

/** Aborts the chain while `mutator` runs, and tells whether its own promise settles within the grace. */
async function endsAfterAbort(
  bench: ConformanceBench,
  earlier: readonly ChainMutator[],
  mutator: ChainMutator,
  delayMs: number,
  graceMs: number,
): Promise<boolean> {
  const controller = new AbortController();
  let call: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const { contribution, owner } = mutator;
  const spied: ChainMutator = {
    owner,
    contribution: {
      name: contribution.name,
      mutate: (env, ctx) => {
        const returned = contribution.mutate(env, ctx);
        call = settled(returned);
        timer = setTimeout(() => {
          controller.abort(new Error("the conformance suite gave the provision up"));
        }, delayMs);
        return returned;
      },
    },
  };
  await bench.run({ mutators: [...earlier, spied], signal: controller.signal });
  const ended = await settlesWithin(call, graceMs);
  clearTimeout(timer);
  return ended;
}

/** Resolves when `work` has settled, however. */
async function settled(work: void | Promise<void>): Promise<void> {
  try {
    await work;
  } catch {
    // To fail is a good way of heeding an abort.
  }
}

async function settlesWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  const ended = await Promise.race([work.then(() => true), over]);
  clearTimeout(timer);
  return ended;
}
