import { sql, type RawBuilder } from "kysely";
import type { Executor } from "./schema.js";

/**
 * Holds for workspaces that no rollout is swapping; for the WHERE of a query on `workspaces`. Sweeps that judge a
 * workspace by its age or its container leave the others alone: their swap has a deadline and a way back of its own.
 */
export const notInSwap: RawBuilder<boolean> = sql<boolean>`not exists (
  select 1 from workspace_swaps where workspace_swaps.workspace_id = workspaces.id
)`;

/** The attempts of each workspace that is being swapped: engine objects of either are not orphans. */
export async function attemptsInSwap(db: Executor): Promise<ReadonlyMap<string, readonly number[]>> {
  const swaps = await db
    .selectFrom("workspace_swaps")
    .select(["workspace_id", "old_attempt", "new_attempt"])
    .execute();
  return new Map(swaps.map((swap) => [swap.workspace_id, [swap.old_attempt, swap.new_attempt]]));
}
