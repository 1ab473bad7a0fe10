import { Fields, isRecord } from "./fields.js";

/** What an agent says of itself when it registers; everything is the agent's word. */
export interface AgentCard {
  readonly name: string | null;
  readonly description: string | null;
  readonly version: string | null;
  readonly skills: readonly string[];
}

/** What both the list and the single answer tell of a workspace (api.md §4). */
export interface WorkspaceFacts {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly runtime: string;
  readonly tier: number;
  /** A word of api.md §3; one that this page does not know is shown as it is. */
  readonly status: string;
  /** Empty when there is none. */
  readonly url: string;
  readonly parentId: string | null;
  readonly agentCard: AgentCard | null;
  readonly activeTasks: number;
  readonly maxConcurrentTasks: number;
  /** 0 to 1. */
  readonly errorRate: number;
  readonly uptimeSeconds: number;
  readonly x: number;
  readonly y: number;
}

/** An element of GET /workspaces. */
export interface WorkspaceListItem extends WorkspaceFacts {
  /** Empty when there is none. */
  readonly lastError: string;
  /** Empty when there is none. */
  readonly currentTask: string;
  readonly workspaceDir: string | null;
}

/** The answer of GET /workspaces/:id. */
export interface WorkspaceDetail extends WorkspaceFacts {
  /** RFC 3339. */
  readonly lastOutboundAt: string | null;
}

/** @throws ApiError `malformed` */
export function readWorkspaceListItem(value: unknown, what: string): WorkspaceListItem {
  const fields = new Fields(value, what);
  return {
    ...readFacts(fields),
    lastError: fields.stringOrNull("last_sample_error") ?? "",
    currentTask: fields.stringOrNull("current_task") ?? "",
    workspaceDir: fields.stringOrNull("workspace_dir"),
  };
}

/** @throws ApiError `malformed` */
export function readWorkspaceDetail(value: unknown): WorkspaceDetail {
  const fields = new Fields(value, "workspace");
  return { ...readFacts(fields), lastOutboundAt: fields.stringOrNull("last_outbound_at") };
}

function readFacts(fields: Fields): WorkspaceFacts {
  return {
    id: fields.string("id"),
    name: fields.string("name"),
    role: fields.stringOrNull("role"),
    runtime: fields.string("runtime"),
    tier: fields.number("tier"),
    status: fields.string("status"),
    url: fields.stringOrNull("url") ?? "",
    parentId: fields.stringOrNull("parent_id"),
    agentCard: fields.objectOrNull("agent_card", readAgentCard),
    activeTasks: fields.number("active_tasks"),
    maxConcurrentTasks: fields.number("max_concurrent_tasks"),
    errorRate: fields.number("last_error_rate"),
    uptimeSeconds: fields.number("uptime_seconds"),
    x: fields.number("x"),
    y: fields.number("y"),
  };
}

/** Takes from a card what can be shown. Agents write cards as they like, so that nothing of it is refused. */
export function readAgentCard(value: unknown): AgentCard | null {
  if (!isRecord(value)) return null;
  const skills = Array.isArray(value.skills) ? value.skills : [];
  return {
    name: textOrNull(value.name),
    description: textOrNull(value.description),
    version: textOrNull(value.version),
    skills: skills.map(skillName).filter((name) => name !== null),
  };
}

function skillName(skill: unknown): string | null {
  if (!isRecord(skill)) return textOrNull(skill);
  return textOrNull(skill.name) ?? textOrNull(skill.id);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
