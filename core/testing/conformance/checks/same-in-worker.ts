import {
  describeError,
  onBench,
  runFailed,
  verdictOf,
  notApplicable,
  type ConformanceCheck,
  type Verdict,
} from "../check.js";
import { ConformanceBench } from "../bench.js";
import { differences, outcomeOf, type Outcome } from "../outcome.js";
import type { ConformanceOptions } from "../options.js";
import type { Plugin } from "../../../src/index.js";

/** An operator may isolate the plugin without anything else changing. */
export const sameInWorker: ConformanceCheck = {
  title: "gives the same result in a worker",
  declined: ({ module, worker }) => {
    if (worker === false) return "it is declared as not made for a worker";
    return module === undefined ? "give the URL of its built module as options.module" : undefined;
  },
  run: (plugin, options) =>
    onBench(plugin, options, async (bench) => {
      const { boot_tasks: tasks, loops } = bench.status.contributions;
      if (tasks.length > 0 || loops.length > 0) {
        return notApplicable("it adds boot tasks or loops, and a worker runs env mutators alone");
      }
      const result = await bench.run();
      if (!result.ok) return runFailed(result);
      const here = outcomeOf(result, plugin.name);
      return here === undefined ? verdictOf([]) : await inWorker(plugin, options, here);
    }),
};

async function inWorker(plugin: Plugin, options: ConformanceOptions, here: Outcome): Promise<Verdict> {
  const bench = await ConformanceBench.open(plugin, options, { worker: true });
  try {
    const { state, error } = bench.status;
    if (state !== "enabled") {
      return verdictOf([
        `in a worker it is ${state}: ${error?.message ?? "no error was told"}; a worker has no ports and an empty ctx.env. Take what it needs from its config, or declare worker: false`,
      ]);
    }
    const result = await bench.run();
    if (!result.ok) return verdictOf([`in a worker it fails: ${describeError(result.error)}`]);
    const there = outcomeOf(result, plugin.name);
    return verdictOf(
      (there === undefined ? [] : differences(here, there)).map(
        (what) =>
          `${what} differs in a worker, where ctx.env and process.env are empty; take it from the config, or declare worker: false`,
      ),
    );
  } finally {
    await bench.close();
  }
}
