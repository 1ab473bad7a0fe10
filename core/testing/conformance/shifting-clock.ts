import { systemClock, type Cancel, type Clock } from "../../src/index.js";

/** The machine's clock, whose time of day can be moved on so that two runs never fall into one moment. */
export class ShiftingClock implements Clock {
  #shiftMs = 0;

  now(): number {
    return systemClock.now() + this.#shiftMs;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  timer(callback: () => void, delayMs: number): Cancel {
    return systemClock.timer(callback, delayMs);
  }

  /** Moves the time of day on by `ms`, and waits until the machine's own has moved as well, by the ms it counts in. */
  async moveOn(ms: number): Promise<void> {
    this.#shiftMs += ms;
    const before = systemClock.now();
    while (systemClock.now() === before) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
