/** Knows each plugin's running calls, so that a disable can wait for them. */
export class PluginActivity {
  readonly #running = new Map<string, Set<Promise<unknown>>>();

  /** Notes a call until it settles. */
  track(plugin: string, call: Promise<unknown>): void {
    let calls = this.#running.get(plugin);
    if (calls === undefined) {
      calls = new Set();
      this.#running.set(plugin, calls);
    }
    const running = calls;
    running.add(call);
    const forget = () => {
      running.delete(call);
      if (running.size === 0 && this.#running.get(plugin) === running) this.#running.delete(plugin);
    };
    call.then(forget, forget);
  }

  /** Resolves when none of the plugin's calls runs. */
  async idle(plugin: string): Promise<void> {
    let calls = this.#running.get(plugin);
    while (calls !== undefined) {
      await Promise.allSettled(calls);
      calls = this.#running.get(plugin);
    }
  }
}
