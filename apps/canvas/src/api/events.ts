import { Fields, isRecord } from "./fields.js";

/** A frame of `/ws` (api.md §10). */
export interface LiveEvent {
  readonly event: string;
  readonly workspaceId: string | null;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An element of GET /events. */
export interface StoredEvent {
  readonly id: number;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** Reads a frame; null for one that is no event. One bad frame must not end the feed. */
export function readLiveEvent(text: string): LiveEvent | null {
  const frame = parseJson(text);
  if (!isRecord(frame) || typeof frame.event !== "string") return null;
  const { workspace_id: workspaceId, timestamp, payload } = frame;
  return {
    event: frame.event,
    workspaceId: typeof workspaceId === "string" ? workspaceId : null,
    timestamp: typeof timestamp === "string" ? timestamp : "",
    payload: isRecord(payload) ? payload : {},
  };
}

/** @throws ApiError `malformed` */
export function readStoredEvent(value: unknown, what: string): StoredEvent {
  const fields = new Fields(value, what);
  return {
    id: fields.number("id"),
    type: fields.string("event_type"),
    payload: fields.object("payload", (payload) => (isRecord(payload) ? payload : {})),
    createdAt: fields.string("created_at"),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
