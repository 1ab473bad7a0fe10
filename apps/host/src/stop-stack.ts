import { messageOf, type Logger } from "@molecule/core";

/** What has been started, to be stopped in the opposite order. */
export class StopStack {
  readonly #log: Logger;
  readonly #steps: { readonly name: string; readonly stop: () => Promise<void> | void }[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Remembers how to stop what was just started. */
  push(name: string, stop: () => Promise<void> | void): void {
    this.#steps.push({ name, stop });
  }

  /** Stops everything, the last started first; a step that fails is logged and the next one runs. */
  async unwind(): Promise<void> {
    for (const { name, stop } of this.#steps.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error(`stopping ${name} failed: ${messageOf(error)}`);
      }
    }
  }
}
