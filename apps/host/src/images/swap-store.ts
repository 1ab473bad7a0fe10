import { sql, type Selectable } from "kysely";
import type { Emit, EventLog } from "../storage/event-log.js";
import type { RolloutsTable, SwapOutcome, SwapPhase, WorkspaceSwapsTable } from "../storage/image-tables.js";
import type { Executor, Trx, WorkspaceRow } from "../storage/schema.js";
import { Withdrawn } from "./active-swaps.js";

/** A swap as it is read. */
export type SwapRow = Selectable<WorkspaceSwapsTable>;
/** A rollout as it is read. */
export type RolloutRow = Selectable<RolloutsTable>;

/** Another host drives the rollout now: what this one still does is of no account. */
export class FenceLost extends Error {
  constructor() {
    super("another host drives this rollout now");
  }
}

/** Statuses in which a workspace may be swapped, or is while it is. The others are somebody's decision, and win. */
const SWAPPABLE = ["provisioning", "online", "degraded", "offline", "failed"] as const;

/** Phases in which the row of the workspace is at the new attempt. */
const AT_NEW: ReadonlySet<SwapPhase> = new Set(["launching-new", "gating", "removing-old", "stopping-new"]);

/** The attempt that the workspace's row has in a phase; `stopping-new` may come before it was changed at all. */
function attemptIn(swap: SwapRow, phase: SwapPhase): readonly number[] {
  if (phase === "stopping-new") return [swap.old_attempt, swap.new_attempt];
  return [AT_NEW.has(phase) ? swap.new_attempt : swap.old_attempt];
}

/** What came of a swap. */
export interface SwapResult {
  readonly outcome: SwapOutcome;
  /** Name of the workspace's container. */
  readonly container: string;
  readonly error: string | null;
  /** Whether the image is to blame. */
  readonly imageFault: boolean;
}

/** What a phase changes beside itself. */
export type SwapChange = Partial<Pick<SwapRow, "error" | "image_fault">>;

/** The rows of swaps. Every write is fenced, and falls when the workspace has moved on. */
export class SwapStore {
  readonly #db: Executor;
  readonly #events: EventLog;

  constructor(services: { db: Executor; events: EventLog }) {
    this.#db = services.db;
    this.#events = services.events;
  }

  /** The swaps of a runtime that wait to be finished or undone; those that are stuck wait for an operator. */
  unfinished(runtime: string): Promise<SwapRow[]> {
    return this.#db
      .selectFrom("workspace_swaps as s")
      .innerJoin("rollouts as r", "r.id", "s.rollout_id")
      .selectAll("s")
      .where("r.runtime", "=", runtime)
      .where("s.phase", "<>", "stuck")
      .execute();
  }

  /** Runtimes with a rollout that runs, or with swaps that wait. */
  async unfinishedRuntimes(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom("rollouts as r")
      .select("r.runtime")
      .distinct()
      .where((where) =>
        where.or([
          where("r.status", "=", "running"),
          where.exists(
            where
              .selectFrom("workspace_swaps as s")
              .select("s.workspace_id")
              .whereRef("s.rollout_id", "=", "r.id")
              .where("s.phase", "<>", "stuck"),
          ),
        ]),
      )
      .execute();
    return rows.map((row) => row.runtime);
  }

  /**
   * Begins a swap of a workspace that still runs another image than the rollout's.
   * @returns null when it may not be swapped any more
   * @throws FenceLost
   */
  async begin(rollout: RolloutRow, workspaceId: string): Promise<SwapRow | null> {
    return this.#db.transaction().execute(async (trx) => {
      await assertFence(trx, rollout);
      const row = await trx
        .updateTable("workspaces")
        .set({ last_attempt: sql`greatest(attempt, last_attempt) + 1` })
        .where("id", "=", workspaceId)
        .where("status", "in", ["online", "degraded"])
        .where("image_opt_out", "=", false)
        .where("image_pin", "is", null)
        .where("image_id", "is distinct from", rollout.image_id)
        .where("id", "not in", (query) => query.selectFrom("workspace_swaps").select("workspace_id"))
        .returning(["attempt", "last_attempt", "image_id", "image_digest"])
        .executeTakeFirst();
      if (row === undefined) return null;
      return trx
        .insertInto("workspace_swaps")
        .values({
          workspace_id: workspaceId,
          rollout_id: rollout.id,
          old_attempt: row.attempt,
          new_attempt: row.last_attempt,
          phase: "preparing",
          old_image_id: row.image_id,
          old_image_digest: row.image_digest,
          error: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
  }

  /**
   * Goes to another phase, before its effect.
   * @param work what changes with it; gets the workspace's row, locked
   * @throws FenceLost; Withdrawn when the workspace was deleted, restarted or paused
   */
  advance(
    rollout: RolloutRow,
    swap: SwapRow,
    phase: SwapPhase,
    change: SwapChange = {},
    work: (trx: Trx, emit: Emit, row: WorkspaceRow) => Promise<void> = () => Promise.resolve(),
  ): Promise<SwapRow> {
    return this.#events.transact(async (trx, emit) => {
      await assertFence(trx, rollout);
      const row = await this.current(swap, trx);
      const moved = await trx
        .updateTable("workspace_swaps")
        .set({ ...change, phase, updated_at: sql`now()` })
        .where("workspace_id", "=", swap.workspace_id)
        .where("new_attempt", "=", swap.new_attempt)
        .where("phase", "=", swap.phase)
        .returningAll()
        .executeTakeFirst();
      if (moved === undefined) throw new FenceLost();
      await work(trx, emit, row);
      return moved;
    });
  }

  /**
   * The workspace of a swap, as long as it has not moved on.
   * @throws Withdrawn
   */
  async current(swap: SwapRow, trx?: Trx): Promise<WorkspaceRow> {
    const query = (trx ?? this.#db)
      .selectFrom("workspaces")
      .selectAll()
      .where("id", "=", swap.workspace_id)
      .where("attempt", "in", attemptIn(swap, swap.phase))
      .where("status", "in", SWAPPABLE);
    const row = await (trx === undefined ? query : query.forUpdate()).executeTakeFirst();
    if (row === undefined) throw new Withdrawn();
    return row;
  }

  /** Ends a swap and notes what came of it; a workspace that was purged meanwhile took its row along. */
  async finish(
    rollout: RolloutRow,
    swap: SwapRow,
    result: SwapResult,
    work: (trx: Trx, emit: Emit) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await this.#events.transact(async (trx, emit) => {
      await assertFence(trx, rollout);
      await trx
        .deleteFrom("workspace_swaps")
        .where("workspace_id", "=", swap.workspace_id)
        .where("new_attempt", "=", swap.new_attempt)
        .execute();
      await this.note(trx, swap, result);
      await work(trx, emit);
    });
  }

  /** Notes what came of a workspace in a rollout; a later word replaces an earlier one. */
  async note(
    trx: Trx,
    swap: Pick<SwapRow, "rollout_id" | "workspace_id">,
    { outcome, container, error, imageFault }: SwapResult,
  ): Promise<void> {
    const values = { outcome, container, error, image_fault: imageFault };
    await trx
      .insertInto("rollout_results")
      .values({ rollout_id: swap.rollout_id, workspace_id: swap.workspace_id, ...values })
      .onConflict((conflict) => conflict.columns(["rollout_id", "workspace_id"]).doUpdateSet(values))
      .execute();
  }
}

/** @throws FenceLost when the rollout was taken over since */
async function assertFence(trx: Trx, rollout: RolloutRow): Promise<void> {
  const held = await trx
    .selectFrom("rollouts")
    .select("id")
    .where("id", "=", rollout.id)
    .where("fence", "=", rollout.fence)
    .forShare()
    .executeTakeFirst();
  if (held === undefined) throw new FenceLost();
}
