import { sql, type Insertable, type Transaction, type UpdateObject } from "kysely";
import type { Emit } from "../storage/event-log.js";
import type { DatabaseSchema, WorkspaceRow, WorkspacesTable, WorkspaceStatus } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import { lockTree } from "../storage/tree-lock.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import { assertParent } from "./parent.js";
import { provisioningPayload } from "./provisioning-payload.js";
import { endStuckSwap } from "./stuck-swaps.js";
import { TRANSITIONS, type TransitionName, type TransitionRule } from "./status.js";

type Trx = Transaction<DatabaseSchema>;

/** Columns that may change together with the status. */
export type WorkspaceChange = Omit<
  UpdateObject<DatabaseSchema, "workspaces">,
  "id" | "status" | "attempt" | "last_attempt"
>;

/** Which workspace moves, and at which attempt it must still be for that. */
export interface TransitionTarget {
  readonly workspaceId: string;
  readonly attempt?: number;
  /** For {@link StateMachine.reprovision}: the status that it must still have, where not any will do. */
  readonly status?: WorkspaceStatus;
}

/** How the next attempt is started. */
export interface ReprovisionOptions {
  /** Drop the stored agent session. */
  readonly resetSession?: boolean;
  /** The provision under way goes on as another attempt: the time that it has runs on. */
  readonly keepDeadline?: boolean;
}

/** A workspace that {@link StateMachine.remove} removed. */
export type RemovedWorkspace = Pick<WorkspaceRow, "id" | "purge_pending">;

/** Transitions that change more than the status, each by a method of its own. */
export type OwnTransition = "reprovision" | "replace" | "revert" | "pause";

/** Ms after which a provision may be taken over when its host fell silent: the engine's bound, and slack. */
const PROVISION_CLAIM_MS = 5 * 60_000;

/**
 * The only place that writes a workspace's status. Every move is one guarded UPDATE, and its event is written in
 * the caller's transaction.
 */
export class StateMachine {
  readonly #workspaces: WorkspaceStore;
  readonly #tokens: TokenStore;
  readonly #hostId: string;

  constructor(services: { workspaces: WorkspaceStore; tokens: TokenStore; hostId: string }) {
    this.#workspaces = services.workspaces;
    this.#tokens = services.tokens;
    this.#hostId = services.hostId;
  }

  /**
   * Writes a new workspace and its first event. A provisioning one is claimed by this host.
   * @throws UNKNOWN_PARENT when its parent is not there, or is removed
   */
  async create(
    trx: Trx,
    emit: Emit,
    values: Omit<Insertable<WorkspacesTable>, "attempt">,
    event: { type: string; payload: Record<string, unknown> },
  ): Promise<WorkspaceRow> {
    if (typeof values.parent_id === "string") await assertParent(trx, values.parent_id);
    const claim =
      values.status === "provisioning" ? { ...this.#claim(), provisioning_started_at: sql<Date>`now()` } : {};
    const row = await trx
      .insertInto("workspaces")
      .values({ ...values, attempt: 1, ...claim })
      .returningAll()
      .executeTakeFirstOrThrow();
    emit({ type: event.type, workspaceId: row.id, payload: event.payload });
    return row;
  }

  /**
   * Writes the row of a workspace that only the engine knows of, offline and at the attempt that was found there. It
   * is told when it is provisioned again, which is to follow in the same transaction.
   * @returns false when there is such a row by now
   */
  async adopt(trx: Trx, values: Omit<Insertable<WorkspacesTable>, "status">): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await trx
      .insertInto("workspaces")
      .values({ ...values, status: "offline" })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }

  /**
   * Moves a workspace, if it is still where the rule may take it from.
   * @param payload the event's payload, made from the row as it is afterwards
   * @returns the row afterwards, or null when it has moved on and nothing was changed
   */
  async apply(
    trx: Trx,
    emit: Emit,
    name: Exclude<TransitionName, OwnTransition>,
    target: TransitionTarget,
    change: WorkspaceChange,
    payload: (row: WorkspaceRow) => Record<string, unknown>,
  ): Promise<WorkspaceRow | null> {
    const rule: TransitionRule = TRANSITIONS[name];
    let update = trx
      .updateTable("workspaces")
      .set({ ...change, status: rule.to, updated_at: sql`now()` })
      .where("id", "=", target.workspaceId)
      .where("status", "in", rule.from);
    if (target.attempt !== undefined) update = update.where("attempt", "=", target.attempt);
    const row = await update.returningAll().executeTakeFirst();
    if (row === undefined) return null;
    emit({ type: rule.event, workspaceId: row.id, payload: payload(row) });
    return row;
  }

  /**
   * Starts the next attempt of a workspace: tokens of the last one end, and this host claims the provision.
   * @returns the row afterwards, or null when the workspace may not be provisioned
   */
  async reprovision(
    trx: Trx,
    emit: Emit,
    target: TransitionTarget,
    options: ReprovisionOptions = {},
  ): Promise<WorkspaceRow | null> {
    const rule: TransitionRule = TRANSITIONS.reprovision;
    let update = trx
      .updateTable("workspaces")
      .set({
        ...this.#claim(),
        ...(options.keepDeadline === true ? {} : { provisioning_started_at: sql<Date>`now()` }),
        // Not from `attempt`: after a rollback it is lower than numbers that were given already.
        attempt: sql`greatest(attempt, last_attempt) + 1`,
        last_attempt: sql`greatest(attempt, last_attempt) + 1`,
        status: rule.to,
        url: "",
        handle: null,
        // The launch takes older attempts away by itself.
        stop_pending: false,
        // What it boots with is read after this is committed.
        restart_wanted_at: null,
        // Kept until a launch has done it, also when that launch is another attempt's.
        ...(options.resetSession === true ? { reset_session: true } : {}),
        updated_at: sql`now()`,
      })
      .where("id", "=", target.workspaceId)
      .where("external", "=", false)
      .where("status", "in", rule.from);
    if (target.attempt !== undefined) update = update.where("attempt", "=", target.attempt);
    if (target.status !== undefined) update = update.where("status", "=", target.status);
    const row = await update.returningAll().executeTakeFirst();
    if (row === undefined) return null;
    await this.#tokens.revokeAll(trx, [row.id]);
    await endStuckSwap(trx, row.id);
    emit({ type: rule.event, workspaceId: row.id, payload: provisioningPayload(row) });
    return row;
  }

  /**
   * Moves a workspace between the two attempts of a swap. Nobody claims the provision: the swap looks after it.
   * @returns the row afterwards, or null when it has moved on and nothing was changed
   */
  async changeAttempt(
    trx: Trx,
    emit: Emit,
    name: "replace" | "revert",
    target: { readonly workspaceId: string; readonly from: number; readonly to: number },
  ): Promise<WorkspaceRow | null> {
    const rule: TransitionRule = TRANSITIONS[name];
    const row = await trx
      .updateTable("workspaces")
      .set({
        attempt: target.to,
        status: rule.to,
        url: "",
        handle: null,
        provisioning_started_at: sql`now()`,
        provision_host: null,
        provision_claim_expires_at: null,
        updated_at: sql`now()`,
      })
      .where("id", "=", target.workspaceId)
      .where("attempt", "=", target.from)
      .where("status", "in", rule.from)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return null;
    emit({ type: rule.event, workspaceId: row.id, payload: provisioningPayload(row) });
    return row;
  }

  /**
   * Pauses a workspace and all its descendants. What runs of them is marked to be stopped, and its tokens end; an
   * external agent keeps its own, with which it comes back.
   * @returns the rows that this call paused; null when there is no such workspace
   */
  async pause(trx: Trx, emit: Emit, workspaceId: string): Promise<WorkspaceRow[] | null> {
    await lockTree(trx);
    const tree = await this.#workspaces.descendants(trx, workspaceId);
    const root = tree.find(({ id }) => id === workspaceId);
    if (root === undefined || root.status === "removed") return null;
    const rule: TransitionRule = TRANSITIONS.pause;
    const paused = await trx
      .updateTable("workspaces")
      .set({
        status: rule.to,
        updated_at: sql`now()`,
        stop_pending: sql`not external`,
        url: sql`case when external then url else '' end`,
        active_tasks: 0,
        provision_host: null,
        provision_claim_expires_at: null,
      })
      .where(
        "id",
        "in",
        tree.map(({ id }) => id),
      )
      .where("status", "in", rule.from)
      .returningAll()
      .execute();
    await this.#tokens.revokeAll(
      trx,
      paused.filter(({ external }) => !external).map(({ id }) => id),
    );
    for (const row of paused) emit({ type: rule.event, workspaceId: row.id, payload: { name: row.name } });
    return paused;
  }

  /**
   * Removes a workspace and all its descendants for good, and revokes their tokens. What they left in the engine
   * is marked for cleaning up, so that a host that dies now does not forget it.
   * @param options.cascade false: one with children is left as it is
   * @returns those that this call removed, the root first; empty when it was removed before; null when it was left
   */
  async remove(
    trx: Trx,
    emit: Emit,
    workspaceId: string,
    options: { purge: boolean; cascade: boolean },
  ): Promise<RemovedWorkspace[] | null> {
    await lockTree(trx);
    const rows = await this.#workspaces.descendants(trx, workspaceId);
    if (rows.length === 0) return [];
    const hasChildren = rows.some(
      ({ parent_id, status }) => parent_id === workspaceId && status !== "removed",
    );
    if (hasChildren && !options.cascade) return null;
    const tree = rows.map(({ id }) => id);
    // One statement, since a deletion's round trips are what it costs beside the engine. The rows are locked by now,
    // so that no token of theirs can be added meanwhile: its reference to them would have to wait.
    const removed = await trx
      .with("removed", (query) =>
        query
          .updateTable("workspaces")
          .set({
            status: "removed",
            removed_at: sql`now()`,
            updated_at: sql`now()`,
            cleanup_pending: true,
            purge_pending: options.purge,
            stop_pending: false,
            url: "",
            active_tasks: 0,
            provision_host: null,
            provision_claim_expires_at: null,
          })
          .where("id", "in", tree)
          .where("status", "<>", "removed")
          .returning(["id", "purge_pending"]),
      )
      .with("revoked", (query) =>
        query
          .updateTable("workspace_tokens")
          .set({ revoked_at: sql<Date>`now()` })
          .where("workspace_id", "in", (select) => select.selectFrom("removed").select("removed.id"))
          .where("revoked_at", "is", null),
      )
      // As endStuckSwap does it.
      .with("decided", (query) =>
        query
          .deleteFrom("workspace_swaps")
          .where("workspace_id", "in", (select) => select.selectFrom("removed").select("removed.id"))
          .where("phase", "=", "stuck"),
      )
      .selectFrom("removed")
      .selectAll()
      .execute();
    const rootFirst = removed.toSorted((a, b) => Number(b.id === workspaceId) - Number(a.id === workspaceId));
    for (const { id } of rootFirst) {
      const payload = id === workspaceId ? { cascade_deleted: removed.length - 1 } : {};
      emit({ type: "WORKSPACE_REMOVED", workspaceId: id, payload });
    }
    return rootFirst;
  }

  #claim() {
    return {
      provision_host: this.#hostId,
      provision_claim_expires_at: sql<Date>`now() + ${PROVISION_CLAIM_MS} * interval '1 millisecond'`,
    };
  }
}
