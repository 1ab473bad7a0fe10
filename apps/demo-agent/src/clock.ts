/** Cancels what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

/** Time, injected so that tests rule it. It has the shape of the platform's own port, which this agent can't import. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Monotonic clock, ms from an arbitrary origin, with fractions; durations are measured with it. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`, unless cancelled. */
  timer(callback: () => void, delayMs: number): Cancel;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(callback, delayMs) {
    const handle = setTimeout(callback, delayMs);
    return () => clearTimeout(handle);
  },
};

/** Resolves after `delayMs` of `clock`, or at once when `signal` aborts: callers look at the signal next. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const cancel = clock.timer(wake, delayMs);
    signal.addEventListener("abort", wake, { once: true });
  });
}
