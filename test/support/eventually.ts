import { setTimeout as pause } from "node:timers/promises";
import { supportErrors } from "./errors.js";

/** How {@link eventually} waits. */
export interface EventuallyOptions {
  /** What is awaited, as it shall read in the error: `the container is gone`. */
  readonly what?: string;
  /** Deadline in ms; 30,000 unless told. */
  readonly timeoutMs?: number;
  /** Pause between two looks in ms; 25 unless told. */
  readonly intervalMs?: number;
}

/**
 * Looks again and again until `look` answers something other than `undefined` or `false`, and answers that.
 * A throw counts as "not yet", so that assertions can be awaited:
 * `await eventually(() => { expect(seen).to.have.length(2); return true; })`.
 *
 * @throws NEVER_HAPPENED at the deadline, with what was last seen or thrown.
 */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: EventuallyOptions = {},
): Promise<T> {
  const { what = "what was awaited", timeoutMs = 30_000, intervalMs = 25 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() >= deadline) {
      throw supportErrors.NEVER_HAPPENED({ what, timeoutMs, last: String(last) }, { cause: last });
    }
    await pause(intervalMs);
  }
}
