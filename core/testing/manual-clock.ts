import type { Cancel, Clock } from "../src/index.js";

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #wallMs: number;
  #monotonicMs = 0;

  /** @param startMs wall-clock time to start at, ms since the epoch */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  timer(callback: () => void, delayMs: number): Cancel {
    const timer: Timer = { dueAt: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Sets the wall clock `ms` forwards or back, as an operator or NTP would; no timer fires by it. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /**
   * Lets `ms` pass: timers fire in order, each at its time, and what they start gets to run before the next.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(next.dueAt, this.#monotonicMs));
      next.callback();
      await settle();
    }
    this.#moveTo(until);
  }

  #nextDue(until: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= until && (earliest === undefined || timer.dueAt < earliest.dueAt)) earliest = timer;
    }
    return earliest;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Lets every promise that can settle now do so: a macrotask runs only when no microtask is left. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
