import { abortError } from "../runtimes/abortable.js";

/** Lets at most so many pieces of work run at a time; the rest waits in order. */
export class Limiter {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Runs `work` as soon as there is room.
   * @param signal gives the wait up; work that has begun looks after itself
   * @throws the reason of `signal` when it aborts before the work has begun, or what `work` throws
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running >= this.#max) await this.#wait(signal);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on rather than freed, so that nobody who comes later gets ahead of who waits.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        if (signal !== undefined) reject(abortError(signal));
      };
      this.#waiting.push(enter);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }
}
