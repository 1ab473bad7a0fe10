import { sql } from "kysely";
import type { Executor, Trx, WorkspaceStatus } from "../storage/schema.js";

/** A workspace that waits for its restart, as it was when it was looked up. */
export interface MarkedWorkspace {
  readonly id: string;
  readonly attempt: number;
  readonly status: WorkspaceStatus;
}

/** A failed one is among them: there the change may be what it was missing. */
const RESTARTABLE = sql`('provisioning', 'online', 'degraded', 'offline', 'failed')`;

/**
 * Marks a workspace for a restart, in the transaction of the change that asks for it, and locks its row: it can't be
 * removed before the commit. A paused or external one is not marked, it takes the change in when it next starts.
 * @returns false when there is no such workspace
 */
export async function markForRestart(trx: Trx, workspaceId: string): Promise<boolean> {
  // One statement, that locks and marks: two changes that lock first and write later would wait for each other.
  const { numAffectedRows = 0n } = await sql`
    update workspaces
    set restart_wanted_at = case
      when not external and status in ${RESTARTABLE} then coalesce(restart_wanted_at, now())
      else restart_wanted_at end
    where id = ${workspaceId} and status <> 'removed'`.execute(trx);
  return numAffectedRows > 0n;
}

/**
 * Keeps workspaces from being created or started until the transaction ends, for a change that concerns all of them:
 * one that is started beside it would boot with what was, and not be marked. To be called before anything else is
 * locked, and then nothing can wait for this one that it waits for.
 */
export async function holdWorkspaces(trx: Trx): Promise<void> {
  await sql`lock table workspaces in exclusive mode`.execute(trx);
}

/** Marks those that run, or come up, with the global secret `key`, which none of their own hides. */
export async function markUsersOf(trx: Trx, key: string): Promise<void> {
  await sql`
    update workspaces w set restart_wanted_at = coalesce(restart_wanted_at, now())
    where not w.external and w.status in ('provisioning', 'online', 'degraded')
      and not exists (select 1 from secrets s where s.workspace_id = w.id and s.key = ${key})`.execute(trx);
}

/**
 * The workspaces that wait for their restart, oldest first; one below a paused workspace waits until that is resumed.
 * @param olderThanMs - only those that were marked so long ago
 */
export async function markedForRestart(db: Executor, olderThanMs: number): Promise<MarkedWorkspace[]> {
  const { rows } = await sql<MarkedWorkspace>`
    select w.id, w.attempt, w.status from workspaces w
    left join workspaces parent on parent.id = w.parent_id
    where w.restart_wanted_at <= now() - ${olderThanMs} * interval '1 millisecond'
      and w.status in ${RESTARTABLE} and not w.external
      and parent.status is distinct from 'paused'
    order by w.created_at, w.id`.execute(db);
  return rows;
}
