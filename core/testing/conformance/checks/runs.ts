import { describeError, onBench, verdictOf, type ConformanceCheck } from "../check.js";

/** The mutators do their work for the given workspace. */
export const runs: ConformanceCheck = {
  title: "changes the environment without a fault",
  run: (plugin, options) =>
    onBench(plugin, options, async (bench) => {
      const result = await bench.run();
      return verdictOf(
        result.ok
          ? []
          : [
              `${describeError(result.error)}; where it is right to fail for this workspace, give the suite another one by workspaceEnv, facts or config`,
            ],
      );
    }),
};
