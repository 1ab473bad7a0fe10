import { sql } from "kysely";
import type { Trx } from "./schema.js";

/** Key of the advisory lock; any number that nothing else in the database uses. */
const TREE_LOCK = 7_161_001_102;

/**
 * Makes the transactions that change, or rely on, who is above whom take turns until they end. Row locks can't do it:
 * a removal that waits for a row does not see the child that was put below it meanwhile, and a restart that waits for
 * its own row still sees the parent as it was before. Take it first, before any row.
 */
export async function lockTree(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(TREE_LOCK)})`.execute(trx);
}
