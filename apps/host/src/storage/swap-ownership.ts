import { sql, type RawBuilder } from "kysely";

/**
 * Holds for workspaces that no rollout is swapping; for the WHERE of a query on `workspaces`. Sweeps that judge a
 * workspace by its age or its container leave the others alone: their swap has a deadline and a way back of its own.
 */
export const notInSwap: RawBuilder<boolean> = sql<boolean>`not exists (
  select 1 from workspace_swaps where workspace_swaps.workspace_id = workspaces.id
)`;

/**
 * The attempts of the workspace that a rollout looks after, as a column of a query on `workspaces`: engine objects of
 * either are not orphans. Empty for a workspace that is not being swapped.
 */
export const attemptsInSwap: RawBuilder<number[]> = sql<number[]>`coalesce((
  select array[old_attempt, new_attempt] from workspace_swaps where workspace_swaps.workspace_id = workspaces.id
), array[]::integer[])`;
