import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";

/** A workspace as the API shows it, as far as these tests look. */
export interface ApiWorkspace {
  readonly id: string;
  readonly status: string;
  readonly url: string;
  readonly last_sample_error: string;
}

/** A field of an answer; undefined where there is none. */
export function field(body: unknown, ...path: readonly string[]): unknown {
  let at: unknown = body;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Object.entries(at).find(([each]) => each === key)?.[1];
  }
  return at;
}

/** Creates a workspace and answers its id. */
export async function create(host: RunningHost, body: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await host.api("POST", "/workspaces", body);
  expect(answer.status, answer.text).to.equal(201);
  const id = field(answer.body, "id");
  expect(id).to.be.a("string");
  return String(id);
}

/** The workspace, from the list; undefined when it is not there. */
export async function find(host: RunningHost, id: string): Promise<ApiWorkspace | undefined> {
  const answer = await host.api("GET", "/workspaces");
  if (!Array.isArray(answer.body)) throw new Error(`GET /workspaces: ${answer.status} ${answer.text}`);
  return answer.body.filter(isWorkspace).find((each) => each.id === id);
}

/** Waits until the workspace has the status; fails at once when it turns `failed` instead. */
export async function untilStatus(
  host: RunningHost,
  id: string,
  status: string,
  timeoutMs = 60_000,
): Promise<ApiWorkspace> {
  const seen = await eventually(
    async () => {
      const workspace = await find(host, id);
      return workspace?.status === status || workspace?.status === "failed" ? workspace : undefined;
    },
    { what: `workspace ${id} is ${status}`, timeoutMs },
  );
  expect(seen.status, seen.last_sample_error).to.equal(status);
  return seen;
}

/** The types of a workspace's stored events, oldest first. */
export async function eventTypes(host: RunningHost, id: string): Promise<string[]> {
  const answer = await host.api("GET", `/events/${id}`);
  if (!Array.isArray(answer.body)) throw new Error(`GET /events: ${answer.status} ${answer.text}`);
  return answer.body.map((event) => String(field(event, "event_type"))).reverse();
}

function isWorkspace(value: unknown): value is ApiWorkspace {
  return typeof field(value, "id") === "string" && typeof field(value, "status") === "string";
}
