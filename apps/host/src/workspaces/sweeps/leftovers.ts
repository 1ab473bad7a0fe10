import { sql } from "kysely";
import type { AttemptOfWorkspace } from "@molecule/core";
import type { Trx } from "../../storage/schema.js";

/**
 * Notes that a failed provision may leave a container behind, in the transaction that fails it: the plugin
 * provision-timeout stops it, also when the engine finishes creating it only later.
 */
export async function markLeftover(trx: Trx, { workspaceId, attempt }: AttemptOfWorkspace): Promise<void> {
  const mark = { leftover_attempt: attempt, leftover_since: sql<Date>`now()` };
  await trx
    .insertInto("workspace_sweeps")
    .values({ workspace_id: workspaceId, ...mark })
    .onConflict((conflict) => conflict.column("workspace_id").doUpdateSet(mark))
    .execute();
}
