/** How many of a plugin's calls that are over but have not ended are remembered: one that never ends any must not fill the memory. */
const LATE_REMEMBERED = 100;

type CallsByPlugin = Map<string, Set<Promise<unknown>>>;

/** Knows each plugin's running calls, so that a disable can wait for them. */
export class PluginActivity {
  readonly #running: CallsByPlugin = new Map();
  readonly #late: CallsByPlugin = new Map();

  /** Notes a call until it settles. */
  track(plugin: string, call: Promise<unknown>): void {
    note(this.#running, plugin, call);
  }

  /** Notes what goes on though its call was given up, until it settles. */
  trackLate(plugin: string, work: Promise<unknown>): void {
    const late = note(this.#late, plugin, work);
    const [oldest] = late;
    if (late.size > LATE_REMEMBERED && oldest !== undefined) late.delete(oldest);
  }

  /** Resolves when none of the plugin's calls runs. */
  async idle(plugin: string): Promise<void> {
    await allSettled(this.#running, plugin);
  }

  /** Resolves when nothing goes on any more of calls that were given up; perhaps never. */
  async lateEnded(plugin: string): Promise<void> {
    await allSettled(this.#late, plugin);
  }
}

/** @returns all that is noted of the plugin */
function note(noted: CallsByPlugin, plugin: string, call: Promise<unknown>): Set<Promise<unknown>> {
  const calls = noted.get(plugin) ?? new Set();
  noted.set(plugin, calls);
  calls.add(call);
  const forget = () => {
    calls.delete(call);
    if (calls.size === 0 && noted.get(plugin) === calls) noted.delete(plugin);
  };
  call.then(forget, forget);
  return calls;
}

async function allSettled(noted: CallsByPlugin, plugin: string): Promise<void> {
  let calls = noted.get(plugin);
  while (calls !== undefined) {
    await Promise.allSettled(calls);
    calls = noted.get(plugin);
  }
}
