/** Ms by which two clocks may drift apart between two passes without one having been set. */
const TOLERANCE_MS = 20_000;

/** What two clocks showed at one moment, in ms. */
export interface ClockReading {
  /** The clock that ages are told by, or one that is set with it. */
  readonly wall: number;
  /** A clock that nobody sets. */
  readonly monotonic: number;
}

/** Ms by which somebody has set the wall clock between two readings, backwards below 0; 0 where nobody has. */
export function clockJump(last: ClockReading, now: ClockReading): number {
  const jumpMs = now.wall - last.wall - (now.monotonic - last.monotonic);
  return Math.abs(jumpMs) > TOLERANCE_MS ? jumpMs : 0;
}

/** Notices that somebody has set a wall clock: ages by it that reach back to before that say nothing. */
export class ClockWatch {
  readonly #distrustMs: number;
  #last: ClockReading | undefined;
  #trustedFrom = -Infinity;

  /** @param distrustMs - for how long ages say nothing after a jump */
  constructor(distrustMs: number) {
    this.#distrustMs = distrustMs;
  }

  /**
   * Takes a reading of both clocks, and answers whether ages hold. What was set before the first reading is not noticed.
   */
  agesHold(now: ClockReading): boolean {
    const last = this.#last ?? now;
    this.#last = now;
    if (clockJump(last, now) !== 0) this.#trustedFrom = now.monotonic + this.#distrustMs;
    return now.monotonic >= this.#trustedFrom;
  }
}
