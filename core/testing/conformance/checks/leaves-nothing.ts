import { onBench, verdictOf, type ConformanceCheck } from "../check.js";
import { leftOpen, openResources } from "../open-resources.js";

/** Once disabled, nothing of a plugin is left: it can be toggled without end. */
export const leavesNothing: ConformanceCheck = {
  title: "leaves no timer, socket or listener behind",
  async run(plugin, options) {
    const before = await openResources();
    const verdict = await onBench(plugin, options, async (bench) => {
      await bench.run();
      return verdictOf([]);
    });
    if (verdict.kind !== "passed") return verdict;
    const left = await leftOpen(before);
    return verdictOf(
      left.map(
        (what) =>
          `${what} is left after it was disabled; close it in ctx.onDispose(() => …), or bind it to ctx.signal`,
      ),
    );
  },
};
