import type { Clock } from "../../ports/clock.js";
import type { BackgroundLoop } from "./types.js";

/** What a loop is doing. */
export type LoopState = "waiting" | "running" | "paused" | "stopped";

/** How a loop fares, for the operator. Times are RFC 3339 by the wall clock. */
export interface LoopStatus {
  readonly name: string;
  readonly plugin: string;
  readonly state: LoopState;
  readonly interval_ms: number;
  readonly singleton: boolean;
  readonly last_tick_at: string | null;
  readonly last_success_at: string | null;
  /** Ms since then by the monotonic clock: a wall clock that jumps does not change it. */
  readonly last_success_age_ms: number | null;
  readonly last_error: string | null;
  readonly last_error_at: string | null;
  readonly consecutive_failures: number;
  readonly last_duration_ms: number | null;
  /** What the last tick had to tell. */
  readonly last_detail: string | null;
  /** No success for three intervals: makes the host not ready. */
  readonly stale: boolean;
}

/** How many intervals a loop may go without success before it counts as stale. */
const STALE_INTERVALS = 3;

/** Keeps what is known of one loop's ticks. Ages are measured with the monotonic clock. */
export class LoopLiveness {
  readonly #loop: BackgroundLoop;
  readonly #clock: Clock;
  #aliveSince: number;
  #lastTickAt: number | null = null;
  #lastSuccess: { readonly at: number; readonly monotonicMs: number } | null = null;
  #lastError: { readonly message: string; readonly at: number } | null = null;
  #lastDurationMs: number | null = null;
  #lastDetail: string | null = null;
  #failures = 0;

  constructor(loop: BackgroundLoop, clock: Clock) {
    this.#loop = loop;
    this.#clock = clock;
    this.#aliveSince = clock.monotonic();
  }

  get consecutiveFailures(): number {
    return this.#failures;
  }

  started(): void {
    this.#lastTickAt = this.#clock.now();
  }

  succeeded(durationMs: number, detail: string | null): void {
    this.#failures = 0;
    this.#aliveSince = this.#clock.monotonic();
    this.#lastSuccess = { at: this.#clock.now(), monotonicMs: this.#aliveSince };
    this.#lastDurationMs = durationMs;
    this.#lastDetail = detail;
  }

  failed(durationMs: number, message: string): void {
    this.#failures += 1;
    this.#lastError = { message, at: this.#clock.now() };
    this.#lastDurationMs = durationMs;
  }

  /** Starts the count for staleness anew, e.g. after a pause. */
  restartCount(): void {
    this.#aliveSince = this.#clock.monotonic();
  }

  status(plugin: string, state: LoopState): LoopStatus {
    const { name, intervalMs, timeoutMs, singleton = false } = this.#loop;
    // A tick may rightly take up to its timeout, which can be longer than the interval; but not one that follows a
    // failure: a loop that only ever times out would count as well for most of the time.
    const longestMs = this.#failures === 0 ? Math.max(intervalMs, timeoutMs) : intervalMs;
    const allowedMs = STALE_INTERVALS * longestMs;
    const monotonicMs = this.#clock.monotonic();
    const ageMs = monotonicMs - this.#aliveSince;
    const success = this.#lastSuccess;
    return {
      name,
      plugin,
      state,
      interval_ms: intervalMs,
      singleton,
      last_tick_at: asTime(this.#lastTickAt),
      last_success_at: asTime(success?.at ?? null),
      last_success_age_ms: success === null ? null : monotonicMs - success.monotonicMs,
      last_error: this.#lastError?.message ?? null,
      last_error_at: asTime(this.#lastError?.at ?? null),
      consecutive_failures: this.#failures,
      last_duration_ms: this.#lastDurationMs,
      last_detail: this.#lastDetail,
      stale: state !== "paused" && state !== "stopped" && ageMs > allowedMs,
    };
  }
}

function asTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
