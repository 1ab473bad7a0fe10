import type { LiveEvent } from "../../dist-test/src/api/events.js";
import { readWorkspaceListItem, type WorkspaceListItem } from "../../dist-test/src/api/workspace.js";
import type { Action } from "../../dist-test/src/state/reducer.js";
import { reduce } from "../../dist-test/src/state/reducer.js";
import { INITIAL_STATE, type State, type Workspace } from "../../dist-test/src/state/state.js";

/** An element of GET /workspaces as the host sends it (api.md §4). */
export function wireWorkspace(
  id: string,
  other: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    id,
    name: `Workspace ${id}`,
    role: null,
    tier: 3,
    status: "online",
    agent_card: null,
    url: "",
    parent_id: null,
    active_tasks: 0,
    max_concurrent_tasks: 1,
    last_error_rate: 0,
    last_sample_error: "",
    uptime_seconds: 0,
    current_task: "",
    runtime: "demo",
    workspace_dir: null,
    monthly_spend: 0,
    budget_limit: null,
    budget_used: 0,
    x: 0,
    y: 0,
    collapsed: false,
    ...other,
  };
}

/** The same, read. */
export function workspace(id: string, other: Readonly<Record<string, unknown>> = {}): WorkspaceListItem {
  return readWorkspaceListItem(wireWorkspace(id, other), "workspace");
}

/** A frame of `/ws`, read. */
export function event(type: string, workspaceId: string, payload: LiveEvent["payload"] = {}): LiveEvent {
  return { event: type, workspaceId, timestamp: "2026-01-02T03:04:05.000Z", payload };
}

/** The state after these actions. */
export function after(...actions: readonly Action[]): State {
  return actions.reduce(reduce, INITIAL_STATE);
}

/** The state in which these workspaces are known and the feed is live. */
export function knowing(...workspaces: readonly WorkspaceListItem[]): State {
  return after({ type: "sync-started" }, { type: "sync-succeeded", workspaces });
}

/** The state after these events. */
export function told(state: State, ...events: readonly LiveEvent[]): State {
  return reduce(state, { type: "events", events });
}

/** One workspace of a state, which must be there. */
export function only(state: State, id: string): Workspace {
  const found = state.workspaces?.get(id);
  if (found === undefined) throw new Error(`the state has no workspace ${id}`);
  return found;
}
