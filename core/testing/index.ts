export { checkConformance, type ConformanceResult } from "./conformance/check-conformance.js";
export {
  describeConformance,
  type ConformanceRunner,
  type ConformanceTestContext,
} from "./conformance/describe-conformance.js";
export type { ConformanceOptions } from "./conformance/options.js";
export type { ProvisionFacts } from "./facts.js";
export {
  decidePlugins,
  inspectModule,
  inspectPlugin,
  type InspectedPlugin,
  type PluginDecision,
} from "./inspect-plugins.js";
export { ManualClock } from "./manual-clock.js";
export { RecordingLogger, type LogLine } from "./recording-logger.js";
export { runMutator, type RunMutatorOptions, type RunMutatorResult } from "./run-mutator.js";
