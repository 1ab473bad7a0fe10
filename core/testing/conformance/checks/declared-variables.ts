import type { Plugin } from "../../../src/index.js";
import { globMatcher } from "../../../src/hooks/env-mutators/globs.js";
import {
  describeError,
  onBench,
  runFailed,
  verdictOf,
  type ConformanceCheck,
  type Verdict,
} from "../check.js";
import type { ConformanceOptions } from "../options.js";
import { differences, outcomeOf, type Outcome } from "../outcome.js";
import { watched, type Touched } from "../watched-draft.js";

/** The plugin gets along with the globs that its manifest entry is meant to have. */
export const declaredVariables: ConformanceCheck = {
  title: "reads and writes only the variables that it declares",
  declined: ({ reads, writes }) =>
    reads === undefined && writes === undefined ? "reads and writes are not declared" : undefined,
  run: (plugin, options) =>
    onBench(plugin, options, async (bench) => {
      const { mutators, touched } = watched(bench.mutators);
      const result = await bench.run({ mutators });
      if (!result.ok) return runFailed(result);
      const faults = undeclared(touched, options);
      const free = outcomeOf(result, plugin.name);
      if (faults.length > 0 || free === undefined) return verdictOf(faults);
      return await underGlobs(plugin, options, free);
    }),
};

function undeclared(touched: Touched, { reads, writes }: ConformanceOptions): string[] {
  const mayRead = globMatcher(reads) ?? (() => true);
  const mayWrite = globMatcher(writes) ?? (() => true);
  return [
    ...[...touched.reads]
      .filter((key) => !mayRead(key))
      .map((key) => `it reads ${key}, but declares reads ${JSON.stringify(reads)}; ${advice("reads", key)}`),
    ...[...touched.writes]
      .filter((key) => !mayWrite(key))
      .map(
        (key) => `it writes ${key}, but declares writes ${JSON.stringify(writes)}; ${advice("writes", key)}`,
      ),
  ];
}

function advice(which: "reads" | "writes", key: string): string {
  return `add ${JSON.stringify(key)} to ${which} here and to env.${which} of the manifest entry, or leave that variable alone`;
}

/** What a watched draft can't see, such as what is made of `env.keys()`, shows where the host enforces the globs. */
async function underGlobs(plugin: Plugin, options: ConformanceOptions, free: Outcome): Promise<Verdict> {
  const work = async (run: Parameters<Parameters<typeof onBench>[2]>[0]): Promise<Verdict> => {
    const result = await run.run();
    const bound = outcomeOf(result, plugin.name);
    if (!result.ok) return verdictOf([`under its globs it fails: ${describeError(result.error)}`]);
    if (bound === undefined) return verdictOf([]);
    return verdictOf(
      differences(free, bound).map(
        (what) =>
          `${what} differs when only what it declares can be seen; it depends on other variables, perhaps through env.keys(): add them to reads, or don't look at them`,
      ),
    );
  };
  return await onBench(plugin, options, work, { globs: true });
}
