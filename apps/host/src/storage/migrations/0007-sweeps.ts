import { sql, type Kysely, type Migration } from "kysely";

/** What the sweeps remember: failed provisions to clean up after, automatic restarts, and the orphan sweep's fuse. */
export const sweeps: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table workspace_sweeps (
      workspace_id uuid primary key references workspaces (id) on delete cascade,
      leftover_attempt integer,
      leftover_since timestamptz,
      restarts integer not null default 0,
      restart_at timestamptz,
      restarted_at timestamptz
    )`.execute(db);
    await sql`create index workspace_sweeps_leftovers on workspace_sweeps (workspace_id)
      where leftover_attempt is not null`.execute(db);
    await sql`create table orphan_fuse (
      id integer primary key default 1 check (id = 1),
      workspace_ids jsonb not null,
      since timestamptz not null default now(),
      confirmed_at timestamptz
    )`.execute(db);
  },
};
