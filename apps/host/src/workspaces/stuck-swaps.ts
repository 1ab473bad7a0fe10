import type { Trx } from "../storage/schema.js";

/** A swap that went wrong both ways kept its containers for an operator, who has decided now. */
export async function endStuckSwap(trx: Trx, workspaceId: string): Promise<void> {
  await trx
    .deleteFrom("workspace_swaps")
    .where("workspace_id", "=", workspaceId)
    .where("phase", "=", "stuck")
    .execute();
}
