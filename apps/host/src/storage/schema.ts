import type { ColumnType, Generated, Insertable, Kysely, Selectable, Transaction } from "kysely";
import type { Tier } from "@molecule/core";
import type { DefaultTime, Json, NullableTime } from "./table-columns.js";
import type {
  ImageDigestsTable,
  ImageQuarantineTable,
  ProvenImagesTable,
  PulledImagesTable,
  RolloutResultsTable,
  RolloutsTable,
  WorkspaceSwapsTable,
} from "./image-tables.js";

/** Every status of a workspace (api.md §3); `removed` is final. */
export const WORKSPACE_STATUSES = [
  "provisioning",
  "online",
  "degraded",
  "offline",
  "failed",
  "paused",
  "awaiting_agent",
  "removed",
] as const;

/** Status of a workspace. */
export type WorkspaceStatus = (typeof WORKSPACE_STATUSES)[number];

/** What a workspace may do with its mounted folder. */
export type WorkspaceAccess = "none" | "read_only" | "read_write";

/** Facts of the installation: `instance_id`, and the fingerprint of each encryption key by its id. */
export interface InstallationTable {
  key: string;
  value: string;
}

/** One workspace. Amounts of money are in cents. */
export interface WorkspacesTable {
  id: string;
  name: string;
  role: string | null;
  tier: Tier;
  status: WorkspaceStatus;
  /** Template name, e.g. `claude-code`. */
  runtime: string;
  template: string | null;
  model: string | null;
  external: Generated<boolean>;
  agent_card: ColumnType<unknown, string | null | undefined, string | null>;
  /** Empty while there is none. */
  url: Generated<string>;
  parent_id: string | null;
  workspace_dir: string | null;
  workspace_access: Generated<WorkspaceAccess>;
  active_tasks: Generated<number>;
  max_concurrent_tasks: Generated<number>;
  last_error_rate: Generated<number>;
  last_sample_error: Generated<string>;
  uptime_seconds: Generated<number>;
  current_task: Generated<string>;
  monthly_spend: Generated<number>;
  budget_limit: number | null;
  x: Generated<number>;
  y: Generated<number>;
  collapsed: Generated<boolean>;
  /** Number of the current provision; fences late actors. */
  attempt: Generated<number>;
  /** The highest number ever given: a rollback sets `attempt` back to an older one. */
  last_attempt: Generated<number>;
  /** Rollouts leave the workspace's image alone. */
  image_opt_out: Generated<boolean>;
  /** Digest of the only image that the workspace may run, `sha256:…`; null: the template's. */
  image_pin: string | null;
  /** Id in the engine of the image that its container runs; null while that is not known. */
  image_id: string | null;
  /** The same image's digest in its registry; null where it has none. */
  image_digest: string | null;
  provisioning_started_at: NullableTime;
  /** Id of the host that provisions it. */
  provision_host: string | null;
  provision_claim_expires_at: NullableTime;
  cleanup_pending: Generated<boolean>;
  purge_pending: Generated<boolean>;
  /** It was paused, and something of it may still run. */
  stop_pending: Generated<boolean>;
  /** Its next launch drops the stored agent session. */
  reset_session: Generated<boolean>;
  /** Since when it is to be restarted, because what it boots with has changed. */
  restart_wanted_at: NullableTime;
  /** Id of its object in the container runtime. */
  handle: string | null;
  last_heartbeat_at: NullableTime;
  last_outbound_at: NullableTime;
  created_at: DefaultTime;
  updated_at: DefaultTime;
  removed_at: NullableTime;
}

/** A workspace's tokens, as hashes. */
export interface WorkspaceTokensTable {
  id: string;
  workspace_id: string;
  attempt: number;
  /** The token's first 8 characters. */
  prefix: string;
  /** SHA-256 of the token. */
  hash: Buffer;
  created_at: DefaultTime;
  last_used_at: NullableTime;
  revoked_at: NullableTime;
}

/** Tokens of whoever runs the platform, as hashes. */
export interface OrgTokensTable {
  id: string;
  name: string | null;
  /** The token's first 8 characters. */
  prefix: string;
  /** SHA-256 of the token. */
  hash: Buffer;
  created_at: DefaultTime;
  last_used_at: NullableTime;
  revoked_at: NullableTime;
}

/** Secrets of workspaces and of all workspaces, encrypted. */
export interface SecretsTable {
  /** Of the value: another one at each change, so that nothing meant for an older value meets a newer one. */
  id: string;
  /** Null: of all workspaces. */
  workspace_id: string | null;
  key: string;
  /** Which key-encryption key wraps the data key. */
  kek_id: string;
  wrapped_key: Buffer;
  ciphertext: Buffer;
  created_at: DefaultTime;
  updated_at: DefaultTime;
}

/** The stored events; written by `EventLog` only, see there why. */
export interface EventsTable {
  id: ColumnType<number, never, never>;
  event_type: string;
  /** No foreign key: an event outlives its workspace's row. */
  workspace_id: string | null;
  payload: Json<EventPayload>;
  created_at: DefaultTime;
}

/** What an event carries; plain JSON data. */
export type EventPayload = Readonly<Record<string, unknown>>;

/** How each provision's environment came about. */
export interface EnvLedgersTable {
  workspace_id: string;
  attempt: number;
  ledger: Json<unknown>;
  created_at: DefaultTime;
}

/** Where the canvas stands; one row at most. */
export interface CanvasViewportTable {
  id: Generated<1>;
  x: number;
  y: number;
  zoom: number;
}

/** Who may tick a singleton loop; written by `DatabaseLeases`. */
export interface LoopLeasesTable {
  loop: string;
  /** Id of the host that holds it. */
  holder: string;
  fence: number;
  expires_at: ColumnType<Date, Date | string, Date | string>;
}

/** A plugin that was switched on or off at run time. */
export interface PluginTogglesTable {
  plugin: string;
  enabled: boolean;
  updated_at: DefaultTime;
}

/** What the sweeps remember of a workspace; no row where there is nothing to remember. */
export interface WorkspaceSweepsTable {
  workspace_id: string;
  /** The failed attempt that may have left a container behind. */
  leftover_attempt: number | null;
  leftover_since: NullableTime;
  /** Automatic restarts in a row. */
  restarts: Generated<number>;
  /** When the next automatic restart is due. */
  restart_at: NullableTime;
  /** When the last automatic restart was. */
  restarted_at: NullableTime;
}

/** The fuse of the orphan sweep; one row while it is blown. */
export interface OrphanFuseTable {
  id: Generated<1>;
  /** Whose objects the sweep would remove. */
  workspace_ids: Json<readonly string[]>;
  since: DefaultTime;
  confirmed_at: NullableTime;
}

/** Something that an agent did, or told a person; api.md §5. */
export interface ActivitiesTable {
  id: string;
  /** Grows with each entry. */
  number: ColumnType<number, never, never>;
  workspace_id: string;
  activity_type: string;
  /** The workspace itself; null for what came from the canvas. */
  source_id: string | null;
  target_id: string | null;
  method: string | null;
  summary: string | null;
  duration_ms: number | null;
  status: string;
  error_detail: string | null;
  request_body: ColumnType<unknown, string | null, never>;
  response_body: ColumnType<unknown, string | null, never>;
  metadata: ColumnType<unknown, string | null, never>;
  created_at: DefaultTime;
}

/** All tables. */
export interface DatabaseSchema {
  installation: InstallationTable;
  workspaces: WorkspacesTable;
  workspace_tokens: WorkspaceTokensTable;
  org_tokens: OrgTokensTable;
  secrets: SecretsTable;
  events: EventsTable;
  env_ledgers: EnvLedgersTable;
  loop_leases: LoopLeasesTable;
  plugin_toggles: PluginTogglesTable;
  image_digests: ImageDigestsTable;
  pulled_images: PulledImagesTable;
  rollouts: RolloutsTable;
  workspace_swaps: WorkspaceSwapsTable;
  rollout_results: RolloutResultsTable;
  image_quarantine: ImageQuarantineTable;
  proven_images: ProvenImagesTable;
  canvas_viewport: CanvasViewportTable;
  activities: ActivitiesTable;
  workspace_sweeps: WorkspaceSweepsTable;
  orphan_fuse: OrphanFuseTable;
}

/** A workspace as it is read. */
export type WorkspaceRow = Selectable<WorkspacesTable>;
/** A workspace as it is first written. */
export type NewWorkspaceRow = Insertable<WorkspacesTable>;

/** Runs queries: the database, or a transaction on it. */
export type Executor = Kysely<DatabaseSchema>;
/** A transaction on the database. */
export type Trx = Transaction<DatabaseSchema>;
