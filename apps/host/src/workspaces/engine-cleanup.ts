import { messageOf, type Clock, type ContainerRuntime, type Logger, type RuntimeCall } from "@molecule/core";
import type { Kysely } from "kysely";
import { untilAborted } from "../runtimes/abortable.js";
import type { Database } from "../storage/database.js";
import type { DatabaseSchema } from "../storage/schema.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { EngineTurns } from "./engine-turns.js";
import { Limiter } from "./limiter.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";
import type { Provisioner } from "./provisioner.js";

/** Ms for what one deletion has to do in the engine. */
const CLEANUP_BUDGET_MS = 30_000;

/** A removed workspace that may still have something in the engine. */
export interface CleanupTarget {
  readonly id: string;
  /** Delete the row as well, and all that hangs on it, when the engine is clean. */
  readonly purge_pending: boolean;
}

/** What became of one workspace's cleanup. */
export interface CleanupOutcome {
  readonly workspaceId: string;
  /** Why its container could not be stopped, or null; its volumes are kept then. */
  readonly stopError: unknown;
  /** Why a volume, or the row of a purged one, could not be removed, or null; tried again later. */
  readonly volumeError: unknown;
}

/** What the cleanup works with. */
export interface CleanupServices {
  readonly database: Database;
  readonly workspaces: WorkspaceStore;
  readonly runtime: ContainerRuntime;
  readonly turns: EngineTurns;
  readonly provisioner: Provisioner;
  readonly secrets: WorkspaceSecrets;
  readonly clock: Clock;
  readonly log: Logger;
  /** Workspaces at a time. */
  readonly concurrency: number;
}

/** Takes away what removed workspaces have left in the engine: containers, then volumes, then purged rows. */
export class EngineCleanup {
  readonly #services: CleanupServices;
  readonly #limiter: Limiter;
  readonly #running = new Map<string, Promise<CleanupOutcome>>();

  constructor(services: CleanupServices) {
    this.#services = services;
    this.#limiter = new Limiter(services.concurrency);
  }

  /**
   * The workspaces to clean up after, from a removed one downwards.
   * @param options.purge also marks their rows for deletion, those that were cleaned up before included
   */
  async pendingBelow(workspaceId: string, options: { purge: boolean }): Promise<CleanupTarget[]> {
    const { database, workspaces } = this.#services;
    return database.db.transaction().execute(async (trx) => {
      const ids = (await workspaces.descendants(trx, workspaceId)).map((row) => row.id);
      if (ids.length === 0) return [];
      if (options.purge) {
        await trx
          .updateTable("workspaces")
          .set({ purge_pending: true, cleanup_pending: true })
          .where("id", "in", ids)
          .where("status", "=", "removed")
          .execute();
      }
      return pendingCleanup(trx).where("id", "in", ids).execute();
    });
  }

  /** Every removed workspace that something may be left of, oldest first. */
  allPending(): Promise<CleanupTarget[]> {
    return pendingCleanup(this.#services.database.db).orderBy("removed_at").execute();
  }

  /** Cleans up after all of them within one budget; whoever is cleaned up after already is waited for. */
  async run(targets: readonly CleanupTarget[]): Promise<CleanupOutcome[]> {
    const budget = new AbortController();
    const cancelTimer = this.#services.clock.timer(() => {
      budget.abort(new Error(`the engine did not finish within ${CLEANUP_BUDGET_MS / 1000} s`));
    }, CLEANUP_BUDGET_MS);
    try {
      return await Promise.all(targets.map((target) => this.#once(target, budget.signal)));
    } finally {
      cancelTimer();
    }
  }

  /** Resolves when no cleanup runs. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #once(target: CleanupTarget, signal: AbortSignal): Promise<CleanupOutcome> {
    const running = this.#running.get(target.id);
    if (running !== undefined) return this.#join(running, target);
    const cleanup = this.#limiter
      .run(() => this.#cleanUp(target, signal), signal)
      .catch((error: unknown) => this.#notStopped(target.id, error))
      .finally(() => this.#running.delete(target.id));
    this.#running.set(target.id, cleanup);
    return cleanup;
  }

  /** What a cleanup under way comes to. A purge may have been asked for after that one had forgotten the workspace. */
  async #join(running: Promise<CleanupOutcome>, target: CleanupTarget): Promise<CleanupOutcome> {
    const outcome = await running;
    if (!target.purge_pending || outcome.stopError !== null || outcome.volumeError !== null) return outcome;
    try {
      await this.#forget(target.id);
      return outcome;
    } catch (error) {
      return { ...outcome, volumeError: error };
    }
  }

  /** Rejects when the container could not be stopped, or not within the budget. */
  async #cleanUp(target: CleanupTarget, signal: AbortSignal): Promise<CleanupOutcome> {
    const { provisioner, turns, log } = this.#services;
    const workspaceId = target.id;
    const call: RuntimeCall = { signal, log: log.child({ workspaceId }) };
    await untilAborted(signal, provisioner.cancel(workspaceId));
    return await turns.run(workspaceId, signal, (held) => this.#takeAway(target, { ...call, signal: held }));
  }

  /** What fails stays marked in the row, for the recovery loop. */
  #notStopped(workspaceId: string, error: unknown): CleanupOutcome {
    this.#services.log
      .child({ workspaceId })
      .warn(`removed workspace: its container could not be stopped, it is tried again: ${messageOf(error)}`);
    return { workspaceId, stopError: error, volumeError: null };
  }

  /** Rejects when the container could not be stopped; its volumes are kept then. */
  async #takeAway(target: CleanupTarget, call: RuntimeCall): Promise<CleanupOutcome> {
    const { runtime, secrets } = this.#services;
    const workspaceId = target.id;
    call.signal.throwIfAborted();
    await runtime.stop(workspaceId, call);
    try {
      await runtime.removeVolumes(workspaceId, call);
      await this.#forget(workspaceId);
      secrets.forget(workspaceId);
    } catch (error) {
      call.log.warn(`removed workspace: something is left of it, it is tried again: ${messageOf(error)}`);
      return { workspaceId, stopError: null, volumeError: error };
    }
    return { workspaceId, stopError: null, volumeError: null };
  }

  /** Ends the cleanup in the row, or with the row: which of both, the row says now, since a purge may come any time. */
  async #forget(id: string): Promise<void> {
    const { db } = this.#services.database;
    const kept = await db
      .updateTable("workspaces")
      .set({ cleanup_pending: false })
      .where("id", "=", id)
      .where("purge_pending", "=", false)
      .executeTakeFirst();
    if (kept.numUpdatedRows > 0n) return;
    await db.transaction().execute(async (trx) => {
      // Children were removed with their parent; those that are still being cleaned up outlive its row.
      await trx.updateTable("workspaces").set({ parent_id: null }).where("parent_id", "=", id).execute();
      // Its removal stays told: a client that fills a gap must learn of it.
      await trx
        .deleteFrom("events")
        .where("workspace_id", "=", id)
        .where("event_type", "<>", "WORKSPACE_REMOVED")
        .execute();
      await trx.deleteFrom("workspaces").where("id", "=", id).where("status", "=", "removed").execute();
    });
  }
}

function pendingCleanup(db: Kysely<DatabaseSchema>) {
  return db
    .selectFrom("workspaces")
    .select(["id", "purge_pending"])
    .where("cleanup_pending", "=", true)
    .where("status", "=", "removed");
}
