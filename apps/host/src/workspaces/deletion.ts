import { messageOf } from "@molecule/core";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { CleanupOutcome, EngineCleanup } from "./engine-cleanup.js";
import type { StateMachine } from "./state-machine.js";

/** What deletion works with. */
export interface DeletionServices {
  readonly events: EventLog;
  readonly workspaces: WorkspaceStore;
  readonly stateMachine: StateMachine;
  readonly cleanup: EngineCleanup;
}

/** Answer of DELETE /workspaces/:id; api.md §7. */
export interface DeleteAnswer {
  readonly status: 200 | 409 | 500;
  readonly body: Record<string, unknown>;
}

/** Deletes workspaces: rows first, then what they have in the engine. */
export class WorkspaceDeletion {
  readonly #services: DeletionServices;

  constructor(services: DeletionServices) {
    this.#services = services;
  }

  /**
   * Deletes a workspace and its descendants, in any status; doing it twice is fine, and finishes what is left.
   * The engine's part goes on when the caller hangs up.
   */
  async remove(workspaceId: string, options: { confirm: boolean; purge: boolean }): Promise<DeleteAnswer> {
    const { events, workspaces, stateMachine, cleanup } = this.#services;
    const { purge, confirm: cascade } = options;
    const outcome = await events.transact(async (trx, emit) => {
      const rows = await stateMachine.remove(trx, emit, workspaceId, { purge, cascade });
      return rows === null ? { children: await workspaces.children(workspaceId, trx) } : { removed: rows };
    });
    if (outcome.removed === undefined) return confirmationRequired(outcome.children);
    const { removed } = outcome;
    // What this call removed is known. Only a repetition, or a purge of what was removed before, has to look for more.
    const targets = removed.length > 0 && !purge ? removed : await cleanup.pendingBelow(workspaceId, options);
    const outcomes = await cleanup.run(targets);
    return answer(outcomes, removed.length, purge);
  }
}

function confirmationRequired(children: readonly { id: string; name: string }[]): DeleteAnswer {
  return {
    status: 409,
    body: {
      status: "confirmation_required",
      message: `this workspace has ${children.length} direct ${children.length === 1 ? "child" : "children"}; repeat with confirm=true to remove all of them`,
      children: children.map(({ id, name }) => ({ id, name })),
      children_count: children.length,
    },
  };
}

function answer(outcomes: readonly CleanupOutcome[], removedCount: number, purge: boolean): DeleteAnswer {
  const failures = outcomes.filter((outcome) => outcome.stopError !== null);
  if (failures.length === 0) {
    const cascaded = Math.max(0, removedCount - 1);
    // What a volume keeps from being purged stays marked for it, and is removed until then.
    const purged = purge && outcomes.every((outcome) => outcome.volumeError === null);
    return { status: 200, body: { status: purged ? "purged" : "removed", cascade_deleted: cascaded } };
  }
  const reasons = failures.map((failure) => messageOf(failure.stopError)).join("; ");
  return {
    status: 500,
    body: {
      error: `workspace marked removed, but ${failures.length} stop call(s) failed — please retry: ${reasons}`,
      removed_count: removedCount,
      stop_failures: failures.length,
    },
  };
}
