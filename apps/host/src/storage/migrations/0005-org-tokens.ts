import { sql, type Kysely, type Migration } from "kysely";

/** Tokens of whoever runs the platform. */
export const orgTokens: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table org_tokens (
      id uuid primary key,
      name text,
      prefix text not null,
      hash bytea not null unique,
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      revoked_at timestamptz
    )`.execute(db);
  },
};
