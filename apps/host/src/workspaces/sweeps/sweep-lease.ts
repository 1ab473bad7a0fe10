import type { SweepLease } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import type { Executor } from "../../storage/schema.js";

/**
 * Keeps a sweep that no longer holds its lease from writing. Inside a transaction the lease can't change hands before
 * its commit.
 * @throws SWEEP_LEASE_LOST
 */
export async function assertLease(db: Executor, { loop, fence }: SweepLease): Promise<void> {
  if (fence === null) return;
  const held = await db
    .selectFrom("loop_leases")
    .select("loop")
    .where("loop", "=", loop)
    .where("fence", "=", fence)
    .forShare()
    .executeTakeFirst();
  if (held === undefined) throw workspaceErrors.SWEEP_LEASE_LOST({ loop, fence });
}
