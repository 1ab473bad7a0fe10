import {
  isCodedError,
  messageOf,
  type Cancel,
  type Clock,
  type ContainerRuntime,
  type Logger,
} from "@molecule/core";
import type { Executor } from "../storage/schema.js";
import type { WorkspaceRestart } from "./restart.js";
import { markedForRestart, type MarkedWorkspace } from "./restart-marks.js";

/** Ms without a further change after which the workspaces concerned are restarted. */
const QUIET_MS = 500;
/** Ms after which they are, however fast changes follow on each other. */
const LONGEST_MS = 5_000;
/** Ms after which a mark is no longer one whose host still waits for further changes. */
const FORGOTTEN_MS = 2 * LONGEST_MS;

/** What restarting after changes works with. */
export interface SecretRestartServices {
  readonly db: Executor;
  readonly restart: Pick<WorkspaceRestart, "restart">;
  readonly runtime: Pick<ContainerRuntime, "kind">;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Restarts the workspaces that are marked for it, once for changes that follow on each other, after those who made
 * them have their answer. The marks are in the rows: what a host that dies leaves behind, the recovery loop takes up.
 */
export class SecretRestarts {
  readonly #services: SecretRestartServices;
  #firstAt = 0;
  #cancel: Cancel | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(services: SecretRestartServices) {
    this.#services = services;
  }

  /** Workspaces were marked, and the marks are committed. */
  marked(): void {
    const { clock } = this.#services;
    const now = clock.monotonic();
    if (this.#cancel === null) this.#firstAt = now;
    this.#cancel?.();
    const wait = Math.max(0, Math.min(QUIET_MS, this.#firstAt + LONGEST_MS - now));
    this.#cancel = clock.timer(() => {
      this.#flush();
    }, wait);
  }

  /**
   * Restarts those whose host did not come to it.
   * @returns how many were restarted, or would be in a dry run
   */
  async forgotten({ dryRun = false } = {}): Promise<number> {
    return this.#restartMarked(FORGOTTEN_MS, dryRun);
  }

  /** Does what is due at once, and resolves when it is done: the next boot goes on with the provisions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#cancel !== null) this.#flush();
    await this.#running;
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#running = this.#running.then(() => this.#restartNow());
  }

  /** Never rejects. */
  async #restartNow(): Promise<void> {
    const { log } = this.#services;
    try {
      const restarted = await this.#restartMarked(0);
      if (restarted > 0) log.info("secrets changed, workspaces restarted", { workspaces: restarted });
    } catch (error) {
      log.error(
        `secrets changed, but the workspaces concerned could not be found, it is tried again: ${messageOf(error)}`,
      );
    }
  }

  async #restartMarked(olderThanMs: number, dryRun = false): Promise<number> {
    const { db, runtime } = this.#services;
    if (runtime.kind === "none") return 0;
    const marked = await markedForRestart(db, olderThanMs);
    if (dryRun) return marked.length;
    let restarted = 0;
    for (const workspace of marked) {
      if (await this.#restart(workspace)) restarted += 1;
    }
    return restarted;
  }

  /** Never rejects. One that has moved on meanwhile keeps its mark, unless it was restarted anyway. */
  async #restart({ id, attempt, status }: MarkedWorkspace): Promise<boolean> {
    const { restart, log } = this.#services;
    try {
      await restart.restart(id, { attempt, status });
      return true;
    } catch (error) {
      if (isCodedError(error) && error.code === "WORKSPACE_NOT_FOUND") {
        if (!this.#stopped) this.marked();
      } else {
        log.warn(`a workspace could not be restarted after its secrets changed: ${messageOf(error)}`, {
          workspaceId: id,
        });
      }
      return false;
    }
  }
}
