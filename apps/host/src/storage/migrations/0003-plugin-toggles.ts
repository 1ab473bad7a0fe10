import { sql, type Kysely, type Migration } from "kysely";

/** Plugins that were switched on or off at run time. */
export const pluginToggles: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table plugin_toggles (
      plugin text primary key,
      enabled boolean not null,
      updated_at timestamptz not null default now()
    )`.execute(db);
  },
};
