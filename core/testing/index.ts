export { ManualClock } from "./manual-clock.js";
export { RecordingLogger, type LogLine } from "./recording-logger.js";
export { runMutator, type RunMutatorOptions, type RunMutatorResult } from "./run-mutator.js";
