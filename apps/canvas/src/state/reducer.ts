import type { LiveEvent } from "../api/events.js";
import type { FeedPhase } from "../api/live-feed.js";
import type { Readiness, Viewport } from "../api/system.js";
import type { WorkspaceDetail, WorkspaceListItem } from "../api/workspace.js";
import { applyEvent } from "./apply-event.js";
import type { Point, Positions } from "./board.js";
import { placeAll } from "./layout.js";
import { INITIAL_STATE, type State, type Workspace } from "./state.js";

/** What can happen to the page's state. */
export type Action =
  | { readonly type: "sync-started" }
  | { readonly type: "sync-succeeded"; readonly workspaces: readonly WorkspaceListItem[] }
  | { readonly type: "sync-failed"; readonly problem: string }
  | { readonly type: "token-wanted"; readonly refused: boolean }
  | { readonly type: "events"; readonly events: readonly LiveEvent[] }
  | { readonly type: "feed"; readonly phase: FeedPhase }
  | { readonly type: "detail"; readonly detail: WorkspaceDetail }
  | { readonly type: "moved"; readonly id: string; readonly to: Point }
  | { readonly type: "readiness"; readonly readiness: Readiness | null }
  | { readonly type: "viewport"; readonly viewport: Viewport }
  | { readonly type: "selected"; readonly id: string | null };

/** The next state. Pure: the same state and action always make the same one. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "sync-started":
      return { ...state, sinceSync: [] };
    case "sync-succeeded":
      return synced(state, action.workspaces);
    case "sync-failed":
      return { ...state, sinceSync: null, problem: action.problem };
    case "token-wanted":
      // Nothing of what another token showed stays.
      return { ...INITIAL_STATE, access: action.refused ? "refused" : "needed", viewport: state.viewport };
    case "events":
      return applied(state, action.events);
    case "feed":
      return { ...state, feed: action.phase };
    case "detail":
      return detailed(state, action.detail);
    case "moved":
      return moved(state, action.id, action.to);
    case "readiness":
      return { ...state, readiness: action.readiness };
    case "viewport":
      return { ...state, viewport: action.viewport };
    case "selected":
      return { ...state, selectedId: action.id };
  }
}

/** The list is the truth; what came while it was read is told on top of it, as it may be newer. */
function synced(state: State, list: readonly WorkspaceListItem[]): State {
  const known = state.workspaces;
  const workspaces = new Map<string, Workspace>();
  for (const item of list) {
    const before = known?.get(item.id);
    workspaces.set(item.id, {
      ...item,
      lastOutboundAt: before?.lastOutboundAt ?? null,
      lastHeartbeatAt: before?.lastHeartbeatAt ?? null,
      revision: (before?.revision ?? -1) + 1,
      complete: true,
    });
  }
  for (const event of state.sinceSync ?? []) applyEvent(workspaces, event);
  return settle({ ...state, access: "granted", problem: null, sinceSync: null }, workspaces);
}

function applied(state: State, events: readonly LiveEvent[]): State {
  const sinceSync = state.sinceSync === null ? null : [...state.sinceSync, ...events];
  const next: State = { ...state, sinceSync };
  if (state.workspaces === null) return next;
  const workspaces = new Map(state.workspaces);
  let changed = false;
  for (const event of events) changed = applyEvent(workspaces, event) || changed;
  return changed ? settle(next, workspaces) : next;
}

/**
 * The single answer fills in what events leave out. The status stays the events' own: the answer may have been on
 * its way while one came.
 */
function detailed(state: State, detail: WorkspaceDetail): State {
  const before = state.workspaces?.get(detail.id);
  if (before === undefined || state.workspaces === null) return state;
  const { status, url, agentCard } = before.complete ? before : { ...detail, status: before.status };
  const workspaces = new Map(state.workspaces);
  workspaces.set(detail.id, { ...before, ...detail, status, url, agentCard, complete: true });
  return settle(state, workspaces);
}

/** The user moves a card; the platform is told when it rests. */
function moved(state: State, id: string, { x, y }: Point): State {
  const before = state.workspaces?.get(id);
  if (before === undefined || state.workspaces === null) return state;
  return settle(state, new Map(state.workspaces).set(id, { ...before, x, y }));
}

/** Keeps what depends on the workspaces in step with them. */
function settle(state: State, workspaces: ReadonlyMap<string, Workspace>): State {
  const { selectedId } = state;
  // One that was never there may have been created a moment ago: its event is on the way.
  const isGone =
    selectedId !== null && state.workspaces?.has(selectedId) === true && !workspaces.has(selectedId);
  return {
    ...state,
    workspaces,
    positions: placed(state, workspaces),
    selectedId: isGone ? null : selectedId,
  };
}

/** Every card's place; the same object while none has come, gone or moved: heartbeats must not cost a layout. */
function placed(state: State, workspaces: ReadonlyMap<string, Workspace>): Positions {
  const stays = new Map<string, Point>();
  for (const workspace of workspaces.values()) {
    const before = state.workspaces?.get(workspace.id);
    const position = state.positions.get(workspace.id);
    if (before !== undefined && position !== undefined && hasSamePlace(before, workspace))
      stays.set(workspace.id, position);
  }
  const isSame = stays.size === workspaces.size && stays.size === state.positions.size;
  return isSame ? state.positions : placeAll([...workspaces.values()], stays);
}

function hasSamePlace(one: Workspace, other: Workspace): boolean {
  return one.x === other.x && one.y === other.y && one.parentId === other.parentId;
}
