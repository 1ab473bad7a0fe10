/** The hooks that a plugin's calls are counted by, as in {@link PluginStatus.contributions}. */
export type HookName = "env_mutators" | "boot_tasks" | "loops";

/** Figures of a plugin's calls of one hook, since this process started. */
export interface HookFigures {
  readonly calls: number;
  readonly failures: number;
  /** Median in ms over the last 256 calls; null before the first. */
  readonly p50_ms: number | null;
  /** 99th percentile in ms over the last 256 calls; null before the first. */
  readonly p99_ms: number | null;
}

/** Calls whose durations are kept: enough for a 99th percentile, and little memory whatever a plugin does. */
const WINDOW = 256;

/** Counts the calls of one plugin to one hook. Of a fixed size, and cheap to add to: it stands in the chain. */
class CallWindow {
  readonly #durations = new Float64Array(WINDOW);
  #calls = 0;
  #failures = 0;

  add(ok: boolean, durationMs: number): void {
    this.#durations[this.#calls % WINDOW] = durationMs;
    this.#calls += 1;
    if (!ok) this.#failures += 1;
  }

  figures(): HookFigures {
    const sorted = this.#durations.slice(0, Math.min(this.#calls, WINDOW)).sort();
    // By nearest rank: a duration that was measured, none in between.
    const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
    return {
      calls: this.#calls,
      failures: this.#failures,
      p50_ms: percentile(0.5),
      p99_ms: percentile(0.99),
    };
  }
}

/** Keeps the figures of every plugin's calls; they outlast a toggle. */
export class HookStats {
  readonly #windows: Readonly<Record<HookName, Map<string, CallWindow>>> = {
    env_mutators: new Map(),
    boot_tasks: new Map(),
    loops: new Map(),
  };

  /** Counts one call. */
  add(hook: HookName, plugin: string, ok: boolean, durationMs: number): void {
    const windows = this.#windows[hook];
    let window = windows.get(plugin);
    if (window === undefined) {
      window = new CallWindow();
      windows.set(plugin, window);
    }
    window.add(ok, durationMs);
  }

  /** The figures of one plugin. */
  of(plugin: string): Readonly<Record<HookName, HookFigures>> {
    const figures = (hook: HookName) => (this.#windows[hook].get(plugin) ?? new CallWindow()).figures();
    return {
      env_mutators: figures("env_mutators"),
      boot_tasks: figures("boot_tasks"),
      loops: figures("loops"),
    };
  }
}
