import { sql, type RawBuilder } from "kysely";

/**
 * The attempts of the workspace of the current row that a rollout looks after, as a column of a query on
 * `workspaces`: sweeps leave their containers alone. None while there are no rollouts.
 */
export function rolloutAttempts(): RawBuilder<number[]> {
  return sql<number[]>`array[]::integer[]`;
}
