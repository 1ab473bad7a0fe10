import { sql, type Kysely, type Migration } from "kysely";

/** Leases of singleton loops. */
export const loopLeases: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table loop_leases (
      loop text primary key,
      holder uuid not null,
      fence bigint not null,
      expires_at timestamptz not null
    )`.execute(db);
  },
};
