import { sql } from "kysely";
import { workspaceErrors } from "../errors/workspaces.js";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";

/** What a workspace may spend and has spent this month, in cents. */
export interface Budget {
  readonly budget_limit: number | null;
  readonly monthly_spend: number;
  /** Below 0 when more was spent than allowed; null without a limit. */
  readonly budget_remaining: number | null;
}

/** Shows and sets the budgets of workspaces, in every status. */
export class WorkspaceBudgets {
  readonly #workspaces: WorkspaceStore;
  readonly #events: EventLog;

  constructor(services: { workspaces: WorkspaceStore; events: EventLog }) {
    this.#workspaces = services.workspaces;
    this.#events = services.events;
  }

  /** @throws WORKSPACE_NOT_FOUND */
  async read(workspaceId: string): Promise<Budget> {
    const row = await this.#workspaces.get(workspaceId);
    if (row === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return budgetOf(row);
  }

  /** @throws BUDGET_LIMIT_REQUIRED, BUDGET_LIMIT_INVALID, WORKSPACE_NOT_FOUND */
  async set(workspaceId: string, limit: unknown): Promise<Budget> {
    if (limit === undefined) throw workspaceErrors.BUDGET_LIMIT_REQUIRED({});
    if (limit !== null && !isCents(limit)) throw workspaceErrors.BUDGET_LIMIT_INVALID({});
    const row = await this.#events.transact(async (trx, emit) => {
      const updated = await trx
        .updateTable("workspaces")
        .set({ budget_limit: limit, updated_at: sql`now()` })
        .where("id", "=", workspaceId)
        .returningAll()
        .executeTakeFirst();
      // Without the amount: related agents see the event, and a budget is not theirs to know.
      if (updated !== undefined) emit({ type: "WORKSPACE_UPDATED", workspaceId, payload: {} });
      return updated;
    });
    if (row === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return budgetOf(row);
  }
}

function isCents(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function budgetOf({ budget_limit, monthly_spend }: WorkspaceRow): Budget {
  const remaining = budget_limit === null ? null : budget_limit - monthly_spend;
  return { budget_limit, monthly_spend, budget_remaining: remaining };
}
