import type { Clock, ContainerRuntimeKind } from "@molecule/core";
import type { EngineRun } from "./workspace-metrics.js";

/** Whose calls are measured, by which clock, and who is told. */
export interface CallMeasurement {
  readonly driver: ContainerRuntimeKind;
  readonly clock: Clock;
  readonly onCall: (run: EngineRun) => void;
}

/** Does the work and tells how it went; an answer that is not good counts as a failure, and is answered all the same. */
export async function measureCall<T>(
  { driver, clock, onCall }: CallMeasurement,
  call: string,
  work: () => Promise<T>,
  isGood: (answer: T) => boolean = () => true,
): Promise<T> {
  const started = clock.monotonic();
  let outcome: EngineRun["outcome"] = "failed";
  try {
    const answer = await work();
    if (isGood(answer)) outcome = "ok";
    return answer;
  } finally {
    onCall({ driver, call, outcome, durationMs: clock.monotonic() - started });
  }
}
