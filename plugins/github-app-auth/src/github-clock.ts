import type { Clock } from "@molecule/core";

/**
 * Ms by which the clocks may differ unheeded: `Date` headers count whole seconds and tell of the past, and the JWT is
 * back-dated by more.
 */
const TOLERANCE_MS = 30_000;

/** GitHub's time, as its answers tell it: this machine's clock may be wrong by minutes. */
export class GithubClock {
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ms since the epoch. */
  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  /** A time of GitHub's as this machine's clock will show it. */
  toLocal(githubMs: number): number {
    return githubMs - this.#aheadMs;
  }

  /**
   * Learns from the `Date` header of an answer.
   * @returns whether the time was wrong before
   */
  learn(dateHeader: string | null): boolean {
    const date = Date.parse(dateHeader ?? "");
    if (Number.isNaN(date)) return false;
    const measured = date - this.#clock.now();
    const wasWrong = Math.abs(measured - this.#aheadMs) > TOLERANCE_MS;
    this.#aheadMs = Math.abs(measured) > TOLERANCE_MS ? measured : 0;
    return wasWrong;
  }
}
