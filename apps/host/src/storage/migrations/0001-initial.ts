import { sql, type Kysely, type Migration } from "kysely";

/** The first tables. */
export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db);
  },
};

// A migration is history: later changes of the schema are new migrations, and nothing here is taken from code that
// may change.
const STATEMENTS = [
  sql`create table installation (
    key text primary key,
    value text not null
  )`,

  sql`create table workspaces (
    id uuid primary key,
    name text not null,
    role text,
    tier integer not null check (tier between 1 and 4),
    status text not null check (status in (
      'provisioning', 'online', 'degraded', 'offline', 'failed', 'paused', 'awaiting_agent', 'removed'
    )),
    runtime text not null,
    template text,
    model text,
    external boolean not null default false,
    agent_card jsonb,
    url text not null default '',
    parent_id uuid references workspaces (id),
    workspace_dir text,
    workspace_access text not null default 'none'
      check (workspace_access in ('none', 'read_only', 'read_write')),
    active_tasks integer not null default 0,
    max_concurrent_tasks integer not null default 1,
    last_error_rate double precision not null default 0,
    last_sample_error text not null default '',
    uptime_seconds bigint not null default 0,
    current_task text not null default '',
    monthly_spend bigint not null default 0,
    budget_limit bigint,
    x double precision not null default 0,
    y double precision not null default 0,
    collapsed boolean not null default false,
    attempt integer not null default 1,
    provisioning_started_at timestamptz,
    provision_host uuid,
    provision_claim_expires_at timestamptz,
    cleanup_pending boolean not null default false,
    purge_pending boolean not null default false,
    handle text,
    last_heartbeat_at timestamptz,
    last_outbound_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    removed_at timestamptz
  )`,
  sql`create index workspaces_parent on workspaces (parent_id)`,
  sql`create index workspaces_live on workspaces (status) where status <> 'removed'`,
  sql`create index workspaces_cleanup on workspaces (cleanup_pending) where cleanup_pending`,
  sql`create index workspaces_created on workspaces (created_at, id)`,

  sql`create table workspace_tokens (
    id uuid primary key,
    workspace_id uuid not null references workspaces (id) on delete cascade,
    attempt integer not null,
    prefix text not null,
    hash bytea not null unique,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz
  )`,
  sql`create index workspace_tokens_workspace on workspace_tokens (workspace_id)`,

  // The time of the insert and not of the transaction's start, so that times run as the ids do.
  sql`create table events (
    id bigint generated always as identity primary key,
    event_type text not null,
    workspace_id uuid,
    payload jsonb not null,
    created_at timestamptz not null default clock_timestamp()
  )`,
  sql`create index events_workspace on events (workspace_id, id)`,

  sql`create table env_ledgers (
    workspace_id uuid not null references workspaces (id) on delete cascade,
    attempt integer not null,
    ledger json not null,
    created_at timestamptz not null default now(),
    primary key (workspace_id, attempt)
  )`,

  sql`create table canvas_viewport (
    id integer primary key default 1 check (id = 1),
    x double precision not null,
    y double precision not null,
    zoom double precision not null
  )`,
];
