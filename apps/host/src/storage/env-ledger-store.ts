import { toJsonb } from "./json.js";
import type { Executor } from "./schema.js";

/** The ledger of one provision. */
export interface StoredLedger {
  readonly attempt: number;
  readonly ledger: unknown;
  /** RFC 3339. */
  readonly created_at: string;
}

/** How many attempts are kept of each workspace, beside its current one. */
const KEPT_ATTEMPTS = 20;

/** How the environment of each provision came about (design: the ledger), with its values already masked. */
export class EnvLedgerStore {
  readonly #db: Executor;

  constructor(services: { db: Executor }) {
    this.#db = services.db;
  }

  /**
   * Keeps the ledger of an attempt, in place of an earlier one of the same attempt, and drops the oldest ones. That of
   * the workspace's current attempt stays, however many rollouts were tried and taken back since.
   */
  async save(executor: Executor, workspaceId: string, attempt: number, ledger: unknown): Promise<void> {
    const text = toJsonb(ledger);
    await executor
      .insertInto("env_ledgers")
      .values({ workspace_id: workspaceId, attempt, ledger: text })
      .onConflict((conflict) => conflict.columns(["workspace_id", "attempt"]).doUpdateSet({ ledger: text }))
      .execute();
    await executor
      .deleteFrom("env_ledgers")
      .where("workspace_id", "=", workspaceId)
      .where("attempt", "<=", (select) =>
        select
          .selectFrom("env_ledgers")
          .select("attempt")
          .where("workspace_id", "=", workspaceId)
          .orderBy("attempt", "desc")
          .offset(KEPT_ATTEMPTS)
          .limit(1),
      )
      .where("attempt", "!=", (select) =>
        select.selectFrom("workspaces").select("attempt").where("id", "=", workspaceId),
      )
      .execute();
  }

  /** The ledger of one attempt; it is not always the newest: a rollout may be under way, or was taken back. */
  async of(workspaceId: string, attempt: number): Promise<StoredLedger | undefined> {
    const row = await this.#db
      .selectFrom("env_ledgers")
      .select(["attempt", "ledger", "created_at"])
      .where("workspace_id", "=", workspaceId)
      .where("attempt", "=", attempt)
      .executeTakeFirst();
    return row === undefined ? undefined : { ...row, created_at: row.created_at.toISOString() };
  }
}
