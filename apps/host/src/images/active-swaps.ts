/** A swap of this host, as those see it who must get out of its way or wait for it. */
interface Active {
  readonly controller: AbortController;
  readonly done: Promise<unknown>;
  /** Ends when the engine has answered and the row knows where the container is. */
  moving: Promise<unknown>;
}

/** The reason that a swap is given up for: somebody deleted, restarted or paused its workspace. */
export class Withdrawn extends Error {
  constructor() {
    super("the workspace was deleted, restarted or paused during its swap");
  }
}

/** The swaps that this host drives now. A delete, restart or pause ends the workspace's swap first. */
export class ActiveSwaps {
  readonly #active = new Map<string, Active>();

  /** Runs `work` as the workspace's swap; its signal aborts with {@link Withdrawn} or with the reason of `signal`. */
  async run<T>(
    workspaceId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const done = work(AbortSignal.any([signal, controller.signal]));
    // Whoever waits for a swap to be out of the way is not to hear of its failure.
    const active: Active = { controller, done: done.catch(() => undefined), moving: Promise.resolve() };
    this.#active.set(workspaceId, active);
    try {
      return await done;
    } finally {
      this.#active.delete(workspaceId);
    }
  }

  /** Whether this host swaps the workspace now. */
  has(workspaceId: string): boolean {
    return this.#active.has(workspaceId);
  }

  /** Notes that a container comes up whose address a registration has to wait for. */
  moving<T>(workspaceId: string, work: Promise<T>): Promise<T> {
    const active = this.#active.get(workspaceId);
    if (active !== undefined) active.moving = work.catch(() => undefined);
    return work;
  }

  /** Resolves when the workspace's row knows where its container is. */
  async settled(workspaceId: string): Promise<void> {
    await this.#active.get(workspaceId)?.moving;
  }

  /** Ends the workspace's swap, and resolves when nothing of it goes on. */
  async withdraw(workspaceId: string): Promise<void> {
    const active = this.#active.get(workspaceId);
    active?.controller.abort(new Withdrawn());
    await active?.done;
  }
}
