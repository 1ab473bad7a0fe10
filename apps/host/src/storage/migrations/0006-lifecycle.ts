import { sql, type Kysely, type Migration } from "kysely";

/** Marks of work that outlives its host, and what agents tell of themselves. */
export const lifecycle: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db);
  },
};

const STATEMENTS = [
  sql`alter table workspaces
    add column stop_pending boolean not null default false,
    add column reset_session boolean not null default false`,
  sql`create index workspaces_stop on workspaces (stop_pending) where stop_pending`,

  // Numbers run in the order of the inserts: two entries of one millisecond keep their order. The bodies are json, not
  // jsonb, so that they are shown as they came.
  sql`create table activities (
    id uuid primary key,
    number bigint generated always as identity,
    workspace_id uuid not null references workspaces (id) on delete cascade,
    activity_type text not null,
    source_id uuid,
    target_id text,
    method text,
    summary text,
    duration_ms bigint,
    status text not null,
    error_detail text,
    request_body json,
    response_body json,
    metadata json,
    created_at timestamptz not null default clock_timestamp()
  )`,
  sql`create index activities_workspace on activities (workspace_id, number)`,
];
