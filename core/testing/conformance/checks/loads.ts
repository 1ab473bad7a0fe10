import { ConformanceBench } from "../bench.js";
import { describeError, verdictOf, type ConformanceCheck } from "../check.js";

/** The plugin can be enabled, its boot tasks run, and it can be disabled. */
export const loads: ConformanceCheck = {
  title: "loads, and is disabled, without a fault",
  async run(plugin, options) {
    let bench: ConformanceBench;
    try {
      bench = await ConformanceBench.open(plugin, options);
    } catch (error) {
      return verdictOf([describeError(error)]);
    }
    const { state, error } = bench.status;
    const faults = bench.kernel.report
      .entries()
      .filter(({ outcome }) => outcome === "failed")
      .map(({ name, detail }) => detail ?? `${name} failed`);
    if (state !== "enabled" && faults.length === 0) faults.push(error?.message ?? `it is ${state}`);
    await bench.close();
    const after = bench.status;
    if (state === "enabled" && after.state !== "disabled") {
      faults.push(after.error?.message ?? `it is ${after.state} after it was disabled`);
    }
    return verdictOf(faults);
  },
};
