import type { EngineContainer } from "@molecule/core";

/**
 * Ms for which the engine may be restarting a container in every pass. It waits that long, doubling from 100 ms on, only
 * for one that has ended nine times in a row, each time within 10 s of its start.
 */
const PATIENCE_MS = 25_000;

/** Notices containers that the engine restarts over and over: hardly ever do they run, and never are they found ended. */
export class CrashLoops {
  #since: ReadonlyMap<string, number> = new Map();

  /**
   * Takes what a pass has listed.
   * @param now ms of a clock that nobody sets
   * @returns ids of the containers that count as not running any more
   */
  observe(containers: readonly EngineContainer[], now: number): ReadonlySet<string> {
    const changing = containers.filter(({ state }) => state === "changing");
    this.#since = new Map(changing.map(({ id }) => [id, this.#since.get(id) ?? now]));
    return new Set([...this.#since].flatMap(([id, since]) => (now - since >= PATIENCE_MS ? [id] : [])));
  }
}
