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
   * Runs `work` when it is its turn.
   * @param work is given a signal that also aborts when the turn is lost
   * @throws the signal's reason while waiting, or what `work` throws
   */
  async run<T>(
    workspaceId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const before = this.#last.get(workspaceId) ?? Promise.resolve();
    const mine = before.then(() => this.#hold(workspaceId, signal, work));
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(workspaceId, ended);
    try {
      return await mine;
    } finally {
      if (this.#last.get(workspaceId) === ended) this.#last.delete(workspaceId);
    }
  }

  async #hold<T>(
    workspaceId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#leases === null) return work(signal);
    const lease = await this.#acquire(this.#leases, `workspace/${workspaceId}`, signal);
    try {
      return await work(AbortSignal.any([signal, lease.signal]));
    } finally {
      await lease.release();
    }
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
