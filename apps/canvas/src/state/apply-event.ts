import type { LiveEvent } from "../api/events.js";
import { readAgentCard } from "../api/workspace.js";
import type { Workspace } from "./state.js";

type Payload = LiveEvent["payload"];
type Change = (payload: Payload, event: LiveEvent) => Partial<Workspace>;

/** What each event changes of the workspace that it is about (api.md §3 and §8). */
const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["WORKSPACE_PROVISIONING", (payload) => ({ status: "provisioning", url: "", ...facts(payload) })],
  ["WORKSPACE_AWAITING_AGENT", (payload) => ({ status: "awaiting_agent", ...facts(payload) })],
  ["WORKSPACE_ONLINE", (payload) => ({ status: "online", ...registration(payload), ...facts(payload) })],
  ["WORKSPACE_DEGRADED", (payload) => ({ status: "degraded", ...errorSample(payload) })],
  ["WORKSPACE_OFFLINE", () => ({ status: "offline" })],
  ["WORKSPACE_PAUSED", () => ({ status: "paused" })],
  [
    "WORKSPACE_PROVISION_FAILED",
    (payload) => ({ status: "failed", lastError: text(payload, "error") ?? "The provision failed." }),
  ],
  ["WORKSPACE_HEARTBEAT", (payload, event) => ({ ...pulse(payload), lastHeartbeatAt: event.timestamp })],
  ["TASK_UPDATED", (payload) => ({ ...pulse(payload), currentTask: text(payload, "current_task") ?? "" })],
  ["WORKSPACE_UPDATED", update],
  ["AGENT_CARD_UPDATED", (payload) => ({ agentCard: readAgentCard(payload.agent_card) })],
]);

/** Events with which a workspace comes to be. */
const BEGINNINGS: ReadonlySet<string> = new Set([
  "WORKSPACE_PROVISIONING",
  "WORKSPACE_AWAITING_AGENT",
  "WORKSPACE_ONLINE",
]);

/** Told, but not stored by the platform. */
const FLEETING: ReadonlySet<string> = new Set(["WORKSPACE_HEARTBEAT", "TASK_UPDATED"]);
/** What an update that only moves a card is about; it is not stored either. */
const LAYOUT: ReadonlySet<string> = new Set(["x", "y", "collapsed"]);

/** Whether an event tells no more than where a card lies. */
export function isMove({ event, payload }: LiveEvent): boolean {
  return event === "WORKSPACE_UPDATED" && Object.keys(payload).every((key) => LAYOUT.has(key));
}

/**
 * Applies an event to the workspaces, which it changes in place. Events of unknown kinds change nothing; those of an
 * unknown workspace neither, but for the ones with which a workspace begins.
 * @returns whether anything changed
 */
export function applyEvent(workspaces: Map<string, Workspace>, event: LiveEvent): boolean {
  const { workspaceId: id, payload } = event;
  if (id === null) return false;
  if (event.event === "WORKSPACE_REMOVED") return workspaces.delete(id);
  const before = workspaces.get(id) ?? begun(id, event);
  if (before === null) return false;
  const revision = FLEETING.has(event.event) || isMove(event) ? before.revision : before.revision + 1;
  const change = CHANGES.get(event.event)?.(payload, event);
  if (change === undefined && revision === before.revision) return false;
  workspaces.set(id, { ...before, ...change, revision });
  return true;
}

/** A workspace as far as its first event tells of it; null for an event that is no beginning. */
function begun(id: string, event: LiveEvent): Workspace | null {
  const name = text(event.payload, "name");
  if (name === null || !BEGINNINGS.has(event.event)) return null;
  return {
    id,
    name,
    role: null,
    runtime: event.payload.external === true ? "external" : "",
    tier: 0,
    status: "provisioning",
    url: "",
    parentId: null,
    agentCard: null,
    activeTasks: 0,
    maxConcurrentTasks: 1,
    errorRate: 0,
    uptimeSeconds: 0,
    x: 0,
    y: 0,
    lastError: "",
    currentTask: "",
    workspaceDir: null,
    lastOutboundAt: null,
    lastHeartbeatAt: null,
    revision: 0,
    complete: false,
  };
}

/** What the payloads of first events tell; only what is there. */
function facts(payload: Payload): Partial<Workspace> {
  return present({
    name: text(payload, "name"),
    runtime: text(payload, "runtime"),
    tier: number(payload, "tier"),
    parentId: text(payload, "parent_id"),
    x: number(payload, "x"),
    y: number(payload, "y"),
  });
}

/** An update tells what it changed, and null where it took something away. */
function update(payload: Payload): Partial<Workspace> {
  return {
    ...facts(payload),
    ...("role" in payload ? { role: text(payload, "role") } : {}),
    ...("parent_id" in payload ? { parentId: text(payload, "parent_id") } : {}),
  };
}

/** An agent that registered gave its address; what went wrong before is over. */
function registration(payload: Payload): Partial<Workspace> {
  const url = text(payload, "url");
  if (url === null) return {};
  return { url, agentCard: readAgentCard(payload.agent_card), lastError: "" };
}

function errorSample(payload: Payload): Partial<Workspace> {
  return present({ errorRate: number(payload, "error_rate"), lastError: text(payload, "sample_error") });
}

function pulse(payload: Payload): Partial<Workspace> {
  return present({
    activeTasks: number(payload, "active_tasks"),
    uptimeSeconds: number(payload, "uptime_seconds"),
  });
}

/** The entries that are not null. */
function present<T extends Record<string, string | number | null>>(
  all: T,
): { [K in keyof T]?: Exclude<T[K], null> } {
  const some: { [K in keyof T]?: Exclude<T[K], null> } = {};
  for (const key in all) {
    const value = all[key];
    if (isPresent(value)) some[key] = value;
  }
  return some;
}

function isPresent<T>(value: T): value is Exclude<T, null> {
  return value !== null;
}

function text(payload: Payload, key: string): string | null {
  const value = payload[key];
  return typeof value === "string" ? value : null;
}

function number(payload: Payload, key: string): number | null {
  const value = payload[key];
  return typeof value === "number" ? value : null;
}
