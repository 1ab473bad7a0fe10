import type { OwnerReading, OwnerRecords, OwnerRow, SweepFuse, SweepLease } from "@molecule/core";
import { sql } from "kysely";
import { jsonArrayFrom, jsonObjectFrom } from "kysely/helpers/postgres";
import { workspaceErrors } from "../../errors/workspaces.js";
import type { EventLog } from "../../storage/event-log.js";
import { toJsonb } from "../../storage/json.js";
import { WORKSPACE_STATUSES, type Executor } from "../../storage/schema.js";
import { attemptsInSwap } from "../../storage/swap-ownership.js";
import { fuseId } from "./fuse-id.js";
import { assertLease } from "./sweep-lease.js";

/** What the rows say of who owns engine objects, and the fuse of the sweep that asks for it. */
export class StoredOwnerRecords implements OwnerRecords {
  readonly #db: Executor;
  readonly #events: EventLog;

  constructor(services: { db: Executor; events: EventLog }) {
    this.#db = services.db;
    this.#events = services.events;
  }

  async read(workspaceIds: readonly string[]): Promise<OwnerReading> {
    const ids = [...new Set(workspaceIds)];
    // As texts, which are always readable: one odd row must not make the others unreadable.
    const owners = this.#db
      .selectFrom("workspaces")
      .select([
        sql<string>`workspaces.id::text`.as("id"),
        sql<string | null>`workspaces.status::text`.as("status"),
        sql<string | null>`workspaces.attempt::text`.as("attempt"),
        sql<string | null>`workspaces.last_attempt::text`.as("last_attempt"),
        attemptsInSwap.as("rollout_attempts"),
      ])
      .where(sql<boolean>`workspaces.id = any(${ids}::uuid[])`);
    const { rows, fuse } = await this.#db
      .selectNoFrom([jsonArrayFrom(owners).as("rows"), jsonObjectFrom(this.#blown()).as("fuse")])
      .executeTakeFirstOrThrow();
    return { rows: new Map(rows.map((row) => [row.id, decode(row)])), fuse: decodeFuse(fuse) };
  }

  /** Asks nothing of the workspaces: readiness does not wait for who has locked them. */
  async fuse(): Promise<SweepFuse> {
    const { fuse } = await this.#db
      .selectNoFrom(jsonObjectFrom(this.#blown()).as("fuse"))
      .executeTakeFirstOrThrow();
    return decodeFuse(fuse);
  }

  async blowFuse(workspaceIds: readonly string[], limit: number, lease: SweepLease): Promise<void> {
    await this.#events.transact(async (trx, emit) => {
      await assertLease(trx, lease);
      const known = await trx.selectFrom("orphan_fuse").select("confirmed_at").executeTakeFirst();
      const workspace_ids = toJsonb(workspaceIds);
      await trx
        .insertInto("orphan_fuse")
        .values({ workspace_ids })
        .onConflict((conflict) =>
          conflict.column("id").doUpdateSet({ workspace_ids, confirmed_at: null, since: sql`now()` }),
        )
        .execute();
      // Blown already: it was told then.
      if (known?.confirmed_at === null) return;
      const payload = { workspaces: workspaceIds.length, limit };
      emit({ type: "ORPHAN_FUSE_BLOWN", workspaceId: null, payload });
    });
  }

  async mendFuse(lease: SweepLease): Promise<void> {
    await this.#events.transact(async (trx, emit) => {
      await assertLease(trx, lease);
      const { numDeletedRows } = await trx.deleteFrom("orphan_fuse").executeTakeFirst();
      if (numDeletedRows > 0n) emit({ type: "ORPHAN_FUSE_MENDED", workspaceId: null, payload: {} });
    });
  }

  /**
   * An operator says that what the fuse holds back shall be removed.
   * @param shown - what the operator saw it hold back, as {@link fuseId}
   * @returns the workspaces that this is about
   * @throws ORPHAN_FUSE_WHOLE, ORPHAN_FUSE_CHANGED
   */
  async confirmFuse(shown: string): Promise<readonly string[]> {
    return await this.#events.transact(async (trx, emit) => {
      const blown = await trx
        .selectFrom("orphan_fuse")
        .select("workspace_ids")
        .forUpdate()
        .executeTakeFirst();
      if (blown === undefined) throw workspaceErrors.ORPHAN_FUSE_WHOLE({});
      const ids = blown.workspace_ids;
      const now = fuseId(ids);
      if (shown !== now) throw workspaceErrors.ORPHAN_FUSE_CHANGED({ found: shown, now });
      await trx
        .updateTable("orphan_fuse")
        .set({ confirmed_at: sql`now()` })
        .execute();
      const payload = { workspaces: ids.length };
      emit({ type: "ORPHAN_FUSE_CONFIRMED", workspaceId: null, payload });
      return ids;
    });
  }

  async assertLease(lease: SweepLease): Promise<void> {
    await assertLease(this.#db, lease);
  }

  #blown() {
    return this.#db.selectFrom("orphan_fuse").select(["workspace_ids", "since", "confirmed_at"]);
  }
}

function decode(row: {
  readonly status: string | null;
  readonly attempt: string | null;
  readonly last_attempt: string | null;
  readonly rollout_attempts: readonly number[];
}): OwnerRow | "undecodable" {
  const attempt = Number(row.attempt ?? Number.NaN);
  const lastAttempt = Number(row.last_attempt ?? Number.NaN);
  const isKnown = WORKSPACE_STATUSES.some((status) => status === row.status);
  if (!isKnown || !Number.isSafeInteger(attempt) || !Number.isSafeInteger(lastAttempt)) return "undecodable";
  return { removed: row.status === "removed", attempt, lastAttempt, rolloutAttempts: row.rollout_attempts };
}

function decodeFuse(
  blown: {
    readonly workspace_ids: readonly string[];
    readonly since: string;
    readonly confirmed_at: string | null;
  } | null,
): SweepFuse {
  if (blown === null) return { state: "whole" };
  return {
    state: blown.confirmed_at === null ? "blown" : "confirmed",
    since: new Date(blown.since).toISOString(),
    workspaceIds: blown.workspace_ids,
  };
}
