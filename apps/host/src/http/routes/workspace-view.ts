import type { WorkspaceRow, WorkspaceStatus } from "../../storage/schema.js";
import type { WorkspaceListRow } from "../../storage/workspace-store.js";

/** Element of GET /workspaces; api.md §4. Amounts are in cents. */
export interface WorkspaceListItem {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly tier: number;
  readonly status: WorkspaceStatus;
  readonly agent_card: unknown;
  /** Empty while there is none. */
  readonly url: string;
  readonly parent_id: string | null;
  readonly active_tasks: number;
  readonly max_concurrent_tasks: number;
  readonly last_error_rate: number;
  readonly last_sample_error: string;
  readonly uptime_seconds: number;
  readonly current_task: string;
  readonly runtime: string;
  readonly workspace_dir: string | null;
  readonly monthly_spend: number;
  readonly budget_limit: number | null;
  readonly budget_used: number;
  readonly x: number;
  readonly y: number;
  readonly collapsed: boolean;
  /** Left out of the JSON when the runtime declares no deadline. */
  readonly provision_timeout_ms: number | undefined;
}

type ListOnly =
  "budget_limit" | "monthly_spend" | "budget_used" | "current_task" | "last_sample_error" | "workspace_dir";

/** Answer of GET /workspaces/:id; api.md §4. What it leaves out is not for the workspace itself to see. */
export interface WorkspaceDetail extends Omit<WorkspaceListItem, ListOnly> {
  /** RFC 3339. */
  readonly last_outbound_at: string | null;
}

/** Deadline of a provision that a runtime declares, in ms; null when it declares none. */
export type ProvisionTimeoutOf = (runtime: string) => number | null;

/** A row as the list shows it. Written out, since it runs for each of many rows. */
export function toListItem(row: WorkspaceListRow, timeoutOf: ProvisionTimeoutOf): WorkspaceListItem {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    tier: row.tier,
    status: row.status,
    agent_card: row.agent_card,
    url: row.url,
    parent_id: row.parent_id,
    active_tasks: row.active_tasks,
    max_concurrent_tasks: row.max_concurrent_tasks,
    last_error_rate: row.last_error_rate,
    last_sample_error: row.last_sample_error,
    uptime_seconds: row.uptime_seconds,
    current_task: row.current_task,
    runtime: row.runtime,
    workspace_dir: row.workspace_dir,
    monthly_spend: row.monthly_spend,
    budget_limit: row.budget_limit,
    budget_used: row.monthly_spend,
    x: row.x,
    y: row.y,
    collapsed: row.collapsed,
    provision_timeout_ms: timeoutOf(row.runtime) ?? undefined,
  };
}

/** A row as it is shown by itself. */
export function toDetail(row: WorkspaceRow, timeoutOf: ProvisionTimeoutOf): WorkspaceDetail {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    tier: row.tier,
    status: row.status,
    agent_card: row.agent_card,
    url: row.url,
    parent_id: row.parent_id,
    active_tasks: row.active_tasks,
    max_concurrent_tasks: row.max_concurrent_tasks,
    last_error_rate: row.last_error_rate,
    uptime_seconds: row.uptime_seconds,
    runtime: row.runtime,
    x: row.x,
    y: row.y,
    collapsed: row.collapsed,
    provision_timeout_ms: timeoutOf(row.runtime) ?? undefined,
    last_outbound_at: row.last_outbound_at?.toISOString() ?? null,
  };
}
