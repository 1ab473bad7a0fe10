import { sql, type Kysely, type Migration } from "kysely";

/** Rollouts of images over a fleet, the swaps of single workspaces, and the images that may not be rolled out. */
export const rollouts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db);
  },
};

const STATEMENTS = [
  // `last_attempt` is the highest number ever given: a rollback sets `attempt` back, and the next start takes a new one.
  sql`alter table workspaces
    add column last_attempt integer not null default 1,
    add column image_opt_out boolean not null default false,
    add column image_pin text,
    add column image_id text,
    add column image_digest text`,
  sql`update workspaces set last_attempt = attempt`,

  sql`create table rollouts (
    id uuid primary key,
    runtime text not null,
    reference text not null,
    digest text not null,
    image_id text not null,
    requested_by text not null,
    status text not null default 'running' check (status in (
      'running', 'completed', 'rolled-back', 'quarantined', 'superseded', 'interrupted'
    )),
    superseded boolean not null default false,
    proven boolean not null default false,
    fence bigint not null default 0,
    error text,
    created_at timestamptz not null default now(),
    finished_at timestamptz
  )`,
  sql`create index rollouts_runtime on rollouts (runtime, created_at)`,
  sql`create unique index rollouts_running on rollouts (runtime) where status = 'running'`,

  sql`create table workspace_swaps (
    workspace_id uuid primary key references workspaces (id) on delete cascade,
    rollout_id uuid not null references rollouts (id),
    old_attempt integer not null,
    new_attempt integer not null,
    phase text not null,
    old_image_id text,
    old_image_digest text,
    gate_started_at timestamptz,
    image_fault boolean not null default false,
    error text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  sql`create index workspace_swaps_rollout on workspace_swaps (rollout_id)`,

  // No foreign key to workspaces: what a rollout did outlives them.
  sql`create table rollout_results (
    rollout_id uuid not null references rollouts (id),
    workspace_id uuid not null,
    outcome text not null check (outcome in ('recreated', 'rolled-back', 'stuck', 'skipped', 'withdrawn')),
    container text not null,
    error text,
    created_at timestamptz not null default now(),
    primary key (rollout_id, workspace_id)
  )`,

  sql`create table image_quarantine (
    runtime text not null,
    digest text not null,
    image_id text not null,
    reference text not null,
    reason text not null,
    workspace_id uuid,
    rollout_id uuid,
    created_by text not null,
    created_at timestamptz not null default now(),
    primary key (runtime, digest)
  )`,

  sql`create table proven_images (
    runtime text primary key,
    image_id text not null,
    digest text,
    reference text not null,
    updated_at timestamptz not null default now()
  )`,
];
