import type { Timers } from "../../dist-test/src/api/timers.js";

/** Timers that the test fires by hand. */
export class HandTimers implements Timers {
  readonly #waiting = new Map<number, { readonly ms: number; readonly work: () => void }>();
  #next = 0;

  after(ms: number, work: () => void): () => void {
    const key = this.#next++;
    this.#waiting.set(key, { ms, work });
    return () => {
      this.#waiting.delete(key);
    };
  }

  /** The spans that are waited for, in ms. */
  get spans(): number[] {
    return [...this.#waiting.values()].map(({ ms }) => ms);
  }

  /** Fires the oldest timer of this span. */
  fire(ms: number): void {
    for (const [key, timer] of this.#waiting) {
      if (timer.ms !== ms) continue;
      this.#waiting.delete(key);
      timer.work();
      return;
    }
    throw new Error(`no timer of ${ms} ms is set; set are ${this.spans.join(", ")}`);
  }
}
