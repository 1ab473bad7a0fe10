import { sql, type Kysely, type Migration } from "kysely";

/** Secrets of workspaces, and of all workspaces (without a workspace_id). */
export const secrets: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db);
  },
};

const STATEMENTS = [
  sql`create table secrets (
    id uuid primary key,
    workspace_id uuid references workspaces (id) on delete cascade,
    key text not null,
    kek_id text not null,
    wrapped_key bytea not null,
    ciphertext bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  sql`create unique index secrets_of_workspace on secrets (workspace_id, key) where workspace_id is not null`,
  sql`create unique index secrets_of_all on secrets (key) where workspace_id is null`,
  // Rotation goes through the secrets of the older keys in the order of their ids.
  sql`create index secrets_kek on secrets (kek_id, id)`,
];
