import { workspaceErrors } from "../errors/workspaces.js";
import type { Trx } from "../storage/schema.js";
import { lockTree } from "../storage/tree-lock.js";

/**
 * Makes sure that the parent is there, and stays until the transaction ends.
 * @throws UNKNOWN_PARENT
 */
export async function assertParent(trx: Trx, parentId: string): Promise<void> {
  await lockTree(trx);
  const parent = await trx
    .selectFrom("workspaces")
    .select("status")
    .where("id", "=", parentId)
    .executeTakeFirst();
  if (parent === undefined || parent.status === "removed") throw workspaceErrors.UNKNOWN_PARENT({ parentId });
}
