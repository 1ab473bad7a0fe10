/** Ms by which two clocks may drift apart between two passes without one having been set. */
const TOLERANCE_MS = 20_000;

/** Notices that somebody has set a wall clock: ages by it that reach back to before that say nothing. */
export class ClockWatch {
  readonly #distrustMs: number;
  #last: { readonly wall: number; readonly monotonic: number } | undefined;
  #trustedFrom = -Infinity;

  /** @param distrustMs - for how long ages say nothing after a jump */
  constructor(distrustMs: number) {
    this.#distrustMs = distrustMs;
  }

  /**
   * Takes a reading of both clocks, in ms, and answers whether ages hold. What was set before the first reading is not
   * noticed.
   * @param wall - of the clock that ages are told by, or of one that is set with it
   * @param monotonic - of a clock that nobody sets
   */
  agesHold(wall: number, monotonic: number): boolean {
    const last = this.#last;
    this.#last = { wall, monotonic };
    if (last !== undefined) {
      const jump = wall - last.wall - (monotonic - last.monotonic);
      if (Math.abs(jump) > TOLERANCE_MS) this.#trustedFrom = monotonic + this.#distrustMs;
    }
    return monotonic >= this.#trustedFrom;
  }
}
