import { systemClock, type Clock } from "@molecule/core";

/** A wall clock that can be set, and time that can be skipped; timers go on as they are. */
export class JumpingClock implements Clock {
  #wallOffsetMs = 0;
  #skippedMs = 0;
  readonly monotonic = () => systemClock.monotonic() + this.#skippedMs;
  readonly timer: Clock["timer"] = (callback, delayMs) => systemClock.timer(callback, delayMs);
  readonly now = () => systemClock.now() + this.#wallOffsetMs + this.#skippedMs;
  /** Sets the wall clock, without any time going by. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }
  /** As if time had gone by. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }
}
