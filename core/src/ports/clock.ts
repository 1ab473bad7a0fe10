import type { InjectionToken } from "tsyringe";

/** Cancels what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

/** Time, injected so that tests rule it. */
export interface Clock {
  /** Wall clock, ms since the epoch. Jumps when an operator or NTP sets it: never measure a duration with it. */
  now(): number;
  /** Monotonic clock, ms from an arbitrary origin, with fractions. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`, unless cancelled. */
  timer(callback: () => void, delayMs: number): Cancel;
}

/** Resolves to the host's {@link Clock}. */
export const CLOCK: InjectionToken<Clock> = Symbol.for("@molecule/port/clock");

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(callback, delayMs) {
    const handle = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(handle);
    };
  },
};

/**
 * Resolves after `delayMs` of `clock`.
 * @throws the reason of `signal`, when it aborts first
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(toError(signal?.reason));
    };
    const cancel = clock.timer(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, delayMs);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
