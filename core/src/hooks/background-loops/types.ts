import type { Logger } from "../../ports/logger.js";

/** Longest delay that a timer of the platform takes, in ms (Node.js docs, setTimeout). */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a tick is given. */
export interface TickContext {
  /** Aborts when the tick's time is over, its loop is disabled, or the host stops. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** True when an operator asked what a tick would do: look, tell, change nothing. */
  readonly dryRun: boolean;
  /** The lease's fencing number of a singleton loop; null for any other. */
  readonly fence: number | null;
}

/** Work that the supervisor does again and again, one tick at a time. */
export interface BackgroundLoop {
  /** Unique in the registry. */
  readonly name: string;
  /** Ms from the end of a tick to the start of the next. */
  readonly intervalMs: number;
  /** Whether the first tick comes at once, rather than after an interval. */
  readonly runAtStart?: boolean;
  /** Share of the interval (0 to 1) by which each wait is varied at random, so that hosts spread; 0 when absent. */
  readonly jitter?: number;
  /** Ms until a tick is aborted and counts as failed. */
  readonly timeoutMs: number;
  /** Whether the loop runs on one host at a time among those that share a database. */
  readonly singleton?: boolean;
  /** @returns a short remark for the operator, or nothing. */
  tick(ctx: TickContext): Promise<void | string>;
}
