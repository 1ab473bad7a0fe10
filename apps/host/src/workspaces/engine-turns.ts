import type { Clock, LeaseProvider, LoopLease } from "@molecule/core";

/** Ms between two looks at whether another host has ended its turn. */
const POLL_MS = 200;

/**
 * Lets one job at a time work on a workspace's objects in the engine: a provision and a deletion at once could leave
 * volumes behind, or take away what was just made. Among hosts that share a database a turn is a lease: it runs out
 * within 30 s when its holder dies or freezes, and aborts the job of one that lost it.
 */
export class EngineTurns {
  readonly #leases: LeaseProvider | null;
  readonly #clock: Clock;
  readonly #last = new Map<string, Promise<void>>();

  /** @param services.leases null: no other host can share the database */
  constructor(services: { leases: LeaseProvider | null; clock: Clock }) {
    this.#leases = services.leases;
    this.#clock = services.clock;
  }

  /**
   * Runs `work` when it is its turn. Answers as soon as the work is done; the turn is given back meanwhile, which
   * the next job waits for.
   * @param work is given a signal that also aborts when the turn is lost
   * @throws the signal's reason while waiting, or what `work` throws
   */
  async run<T>(
    workspaceId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const before = this.#last.get(workspaceId) ?? Promise.resolve();
    let release: LoopLease["release"] | undefined;
    const mine = before.then(async () => {
      signal.throwIfAborted();
      if (this.#leases === null) return await work(signal);
      const lease = await this.#acquire(this.#leases, `workspace/${workspaceId}`, signal);
      release = () => lease.release();
      return await work(AbortSignal.any([signal, lease.signal]));
    });
    const end = async () => {
      await release?.();
    };
    const ended = mine.then(end, end);
    this.#last.set(workspaceId, ended);
    void ended.then(() => {
      if (this.#last.get(workspaceId) === ended) this.#last.delete(workspaceId);
    });
    return await mine;
  }

  async #acquire(leases: LeaseProvider, name: string, signal: AbortSignal): Promise<LoopLease> {
    for (;;) {
      const lease = await leases.acquire(name, 0);
      if (lease !== null) return lease;
      await this.#pause(signal);
      signal.throwIfAborted();
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#clock.timer(end, POLL_MS);
      signal.addEventListener("abort", end, { once: true });
    });
  }
}
