import type { LiveEvent } from "../api/events.js";
import type { FeedPhase } from "../api/live-feed.js";
import type { Readiness, Viewport } from "../api/system.js";
import type { WorkspaceListItem } from "../api/workspace.js";
import type { Positions } from "./board.js";

/** A workspace as the page knows it: the list's facts, kept up to date by events. */
export interface Workspace extends WorkspaceListItem {
  /** RFC 3339; null until the single answer was read. */
  readonly lastOutboundAt: string | null;
  /** When it was last heard of, RFC 3339; null before the first heartbeat that this page saw. */
  readonly lastHeartbeatAt: string | null;
  /** Grows with every stored event: what was read of its events or environment is then out of date. */
  readonly revision: number;
  /** False while it is known from an event alone, which leaves things out, e.g. the role. */
  readonly complete: boolean;
}

/** Whether the platform wants to know who we are: `needed` asks for a token, `refused` for another one. */
export type Access = "unknown" | "granted" | "needed" | "refused";

/** Everything that the page shows and that more than one part of it needs. */
export interface State {
  readonly access: Access;
  readonly feed: FeedPhase;
  /** By id, in the order of their creation; null until the list was read. */
  readonly workspaces: ReadonlyMap<string, Workspace> | null;
  readonly positions: Positions;
  readonly selectedId: string | null;
  /** Why the list could not be read the last time; null when it could. */
  readonly problem: string | null;
  /** Events that came while the list is being read, which may be older than they are; null when it is not. */
  readonly sinceSync: readonly LiveEvent[] | null;
  readonly readiness: Readiness | null;
  /** Where the canvas was left; null until it was read. */
  readonly viewport: Viewport | null;
}

/** What the page knows before it asked anything. */
export const INITIAL_STATE: State = {
  access: "unknown",
  feed: { name: "connecting" },
  workspaces: null,
  positions: new Map(),
  selectedId: null,
  problem: null,
  sinceSync: null,
  readiness: null,
  viewport: null,
};
