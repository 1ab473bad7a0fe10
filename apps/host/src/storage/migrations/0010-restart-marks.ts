import { sql, type Kysely, type Migration } from "kysely";

/** Which workspaces are to be restarted because what they boot with has changed, so that no host forgets it. */
export const restartMarks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table workspaces add column restart_wanted_at timestamptz`.execute(db);
    await sql`create index workspaces_restart_wanted on workspaces (restart_wanted_at)
      where restart_wanted_at is not null`.execute(db);
  },
};
