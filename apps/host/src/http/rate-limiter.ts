import type { Clock } from "@molecule/core";

const WINDOW_MS = 60_000;

/** Where a client stands after a request. */
export interface RateDecision {
  readonly allowed: boolean;
  /** Requests a minute. */
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the count starts anew, at least 1. */
  readonly resetSeconds: number;
}

interface Window {
  count: number;
  /** By the monotonic clock, ms. */
  readonly endsAt: number;
}

/**
 * Counts requests by client, in windows of a minute that begin with the client's first request. Own, since the
 * libraries for it take the time from `Date` and run timers.
 */
export class RateLimiter {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  #nextSweepAt = 0;

  /** @param limit requests a minute */
  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Counts one request of `client`. */
  take(client: string): RateDecision {
    const now = this.#clock.monotonic();
    this.#sweep(now);
    const current = this.#windows.get(client);
    const window =
      current !== undefined && current.endsAt > now ? current : { count: 0, endsAt: now + WINDOW_MS };
    if (window !== current) this.#windows.set(client, window);
    window.count += 1;
    return {
      allowed: window.count <= this.#limit,
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - window.count),
      resetSeconds: Math.max(1, Math.ceil((window.endsAt - now) / 1000)),
    };
  }

  // Once a window, so that who came once is not remembered for ever; no timer, since nothing grows while nobody asks.
  #sweep(now: number): void {
    if (now < this.#nextSweepAt) return;
    this.#nextSweepAt = now + WINDOW_MS;
    for (const [client, { endsAt }] of this.#windows) {
      if (endsAt <= now) this.#windows.delete(client);
    }
  }
}
