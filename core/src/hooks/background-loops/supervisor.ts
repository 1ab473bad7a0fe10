import { errors } from "../../errors.js";
import type { Registered } from "../registry.js";
import { bounded } from "../../util/bounded.js";
import type { LoopStatus } from "./liveness.js";
import { LoopRunner, type RunnerServices, type TickReport } from "./loop-runner.js";
import type { BackgroundLoopRegistry } from "./registry.js";
import type { BackgroundLoop } from "./types.js";

/** What an operator can ask of a loop. */
export type LoopAction = "pause" | "resume" | "run" | "dry-run";

/** Ms that stopping waits for running ticks. */
const STOP_TIMEOUT_MS = 10_000;

/** Ticks the registered loops from {@link LoopSupervisor.start} on, each on its own: none can block another. */
export class LoopSupervisor {
  readonly #registry: BackgroundLoopRegistry;
  readonly #services: RunnerServices;
  readonly #runners = new Map<string, LoopRunner>();
  #started = false;

  constructor(registry: BackgroundLoopRegistry, services: RunnerServices) {
    this.#registry = registry;
    this.#services = services;
  }

  /** Starts every registered loop; started already, does nothing. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const registered of this.#registry.entries()) this.#run(registered);
  }

  /**
   * Takes a loop up that was registered after {@link LoopSupervisor.start}; before it, does nothing.
   * @returns stops the loop and resolves when its running tick has settled, after 10 s at the latest
   */
  adopt(loop: BackgroundLoop): () => Promise<void> {
    const registered = this.#registry.entries().find((entry) => entry.contribution === loop);
    if (this.#started && registered !== undefined) this.#run(registered);
    return async () => {
      const runner = this.#runners.get(loop.name);
      if (runner?.registered.contribution !== loop) return;
      this.#runners.delete(loop.name);
      await this.#stopAll([runner]);
    };
  }

  /** Every running loop's status, by name. */
  status(): LoopStatus[] {
    return [...this.#runners.values()].map((runner) => runner.status());
  }

  /**
   * Does what an operator asks of a loop.
   * @returns the tick's report for `run` and `dry-run`, else null
   * @throws LOOP_UNKNOWN, LOOP_BUSY
   */
  async control(name: string, action: LoopAction): Promise<TickReport | null> {
    const runner = this.#runners.get(name);
    if (runner === undefined) throw errors.LOOP_UNKNOWN({ loop: name, known: [...this.#runners.keys()] });
    switch (action) {
      case "pause":
        runner.pause();
        return null;
      case "resume":
        runner.resume();
        return null;
      case "run":
        return runner.runNow(false);
      case "dry-run":
        return runner.runNow(true);
    }
  }

  /** Aborts all ticks and waits for them, 10 s at most. */
  async stop(): Promise<void> {
    this.#started = false;
    const runners = [...this.#runners.values()];
    await this.#stopAll(runners);
    this.#runners.clear();
  }

  /** Waits for ticks no longer than they are worth: one that ignores its abort must not keep a plugin from ending. */
  async #stopAll(runners: readonly LoopRunner[]): Promise<void> {
    const stopped = await bounded(() => Promise.all(runners.map((runner) => runner.stop())), {
      clock: this.#services.clock,
      timeoutMs: STOP_TIMEOUT_MS,
      onTimeout: () => new Error("ticks still running"),
    });
    if (!stopped.ok) {
      const stuck = runners
        .filter((runner) => runner.isTicking)
        .map((runner) => runner.registered.contribution.name);
      this.#services.log.warn(
        `stopped without waiting for ticks that ignore their abort: ${stuck.join(", ")}`,
      );
    }
  }

  #run(registered: Registered<BackgroundLoop>): void {
    this.#runners.set(registered.contribution.name, new LoopRunner(registered, this.#services));
  }
}
