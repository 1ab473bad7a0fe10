import type { Clock } from "../../dist/clock.js";

/** A clock on which every wait is over at once; it notes how long each would have been, in ms. */
export class HastyClock implements Clock {
  readonly waits: number[] = [];
  #elapsed = 0;

  now(): number {
    return Date.UTC(2024, 0, 1) + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  timer(callback: () => void, delayMs: number): () => void {
    const handle = setImmediate(() => {
      this.waits.push(delayMs);
      this.#elapsed += delayMs;
      callback();
    });
    return () => clearImmediate(handle);
  }
}

/** A clock that stands still until {@link pass} lets every wait be over. */
export class StandingClock implements Clock {
  readonly #pending = new Set<() => void>();

  now(): number {
    return Date.UTC(2024, 0, 1);
  }

  monotonic(): number {
    return 0;
  }

  timer(callback: () => void): () => void {
    this.#pending.add(callback);
    return () => this.#pending.delete(callback);
  }

  get waiting(): number {
    return this.#pending.size;
  }

  pass(): void {
    const due = [...this.#pending];
    this.#pending.clear();
    for (const callback of due) callback();
  }
}
