import type { WatchedWorkspace } from "@molecule/core";

const FIRST_DELAY_MS = 15_000;
const MAX_DELAY_MS = 10 * 60_000;
/** Ms that a workspace has to hold out after a restart for its next one to come at once again. */
const HELD_OUT_MS = 10 * 60_000;

/** The next automatic restart of a workspace. */
export interface RestartPlan {
  /** How many in a row it makes. */
  readonly restarts: number;
  readonly delayMs: number;
}

/** The first restart comes at once; each one after it that did not hold waits twice as long, up to 10 min. */
export function planRestart({
  restarts,
  sinceRestartMs,
}: Pick<WatchedWorkspace, "restarts" | "sinceRestartMs">): RestartPlan {
  const inARow = sinceRestartMs === null || sinceRestartMs >= HELD_OUT_MS ? 0 : restarts;
  const delayMs = inARow === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (inARow - 1), MAX_DELAY_MS);
  return { restarts: inARow + 1, delayMs };
}
