import { messageOf, type Logger } from "@molecule/core";

/**
 * Turns hints that there may be a new image into checks: one at a time, and however many hints come while one runs,
 * one more follows.
 */
export class Hints {
  readonly #check: (signal: AbortSignal) => Promise<void>;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #isWanted = false;

  constructor(check: (signal: AbortSignal) => Promise<void>, log: Logger) {
    this.#check = check;
    this.#log = log;
  }

  /** Somebody says that there may be a new image. */
  give(): void {
    if (this.#stopping.signal.aborted) return;
    this.#isWanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Ends the check that runs. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the host stops"));
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWanted && !this.#stopping.signal.aborted) {
      this.#isWanted = false;
      try {
        await this.#check(this.#stopping.signal);
      } catch (error) {
        this.#log.warn(`the check that a registry's hint asked for failed: ${messageOf(error)}`);
      }
    }
  }
}
