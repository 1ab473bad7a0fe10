import { onBench, runFailed, verdictOf, type ConformanceCheck } from "../check.js";
import { differences, outcomeOf } from "../outcome.js";

/** Ms between the two runs by the plugin's clock: a time in a value shows, also one in seconds. */
const BETWEEN_RUNS_MS = 1_000;

/** A workspace that is restarted is started with the same environment again. */
export const idempotent: ConformanceCheck = {
  title: "gives the same edits when it runs twice",
  run: (plugin, options) =>
    onBench(plugin, options, async (bench) => {
      const first = await bench.run();
      if (!first.ok) return runFailed(first);
      await bench.clock.moveOn(BETWEEN_RUNS_MS);
      const second = await bench.run();
      const [one, other] = [outcomeOf(first, plugin.name), outcomeOf(second, plugin.name)];
      if (!second.ok || one === undefined || other === undefined) {
        return verdictOf(["the second run fails where the first did not; keep no state between two runs"]);
      }
      return verdictOf(
        differences(one, other).map(
          (what) =>
            `${what} differs between two runs for the same workspace; make it of the workspace's facts and the config, not of the time, of chance or of a counter`,
        ),
      );
    }),
};
