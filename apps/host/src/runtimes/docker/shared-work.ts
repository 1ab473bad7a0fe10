import { untilAborted } from "../abortable.js";

interface Work<T> {
  readonly done: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Does a thing once for all who want it at the same time; it is given up when the last of them gives up. */
export class SharedWork<T> {
  readonly #running = new Map<string, Work<T>>();

  /**
   * What `run` makes of `key`, begun now or joined.
   * @throws what `run` throws; the reason of `signal`
   */
  async join(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const work = this.#running.get(key) ?? this.#start(key, run);
    work.waiting += 1;
    try {
      return await untilAborted(signal, work.done);
    } finally {
      work.waiting -= 1;
      if (work.waiting === 0) this.#end(key, work);
    }
  }

  #start(key: string, run: (signal: AbortSignal) => Promise<T>): Work<T> {
    const controller = new AbortController();
    const work = { done: run(controller.signal), controller, waiting: 0 };
    // Whoever waits hears of a failure; after the last has left nobody does.
    work.done.catch(() => undefined);
    this.#running.set(key, work);
    return work;
  }

  #end(key: string, work: Work<T>): void {
    if (this.#running.get(key) === work) this.#running.delete(key);
    work.controller.abort(new Error("nobody waits for it any more"));
  }
}
