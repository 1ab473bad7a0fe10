import type { TickRun } from "./hooks/background-loops/loop-runner.js";
import type { TaskRun } from "./hooks/boot-tasks/run-stage.js";
import type { ObservedRun } from "./hooks/env-mutators/ledger.js";

/** A chain that has ended. */
export interface ChainRunSummary {
  readonly outcome: "ok" | "failed";
  readonly durationMs: number;
}

/**
 * Told of everything that the kernel calls, as it ends; for metrics. Previews and dry runs are left out: they are an
 * operator's question, and no work of the platform. Its functions stand in the way of the work: they must be quick
 * and must not throw.
 */
export interface KernelObserver {
  /** A mutator that was called. */
  onMutator?(run: ObservedRun): void;
  onChain?(run: ChainRunSummary): void;
  onTask?(run: TaskRun): void;
  onTick?(run: TickRun): void;
}
