import { WORKSPACE_STATUSES, type WorkspaceStatus } from "../storage/schema.js";

/** One way from some statuses to another. */
export interface TransitionRule {
  readonly from: readonly WorkspaceStatus[];
  readonly to: WorkspaceStatus;
  /** Type of the event that is written with it. */
  readonly event: string;
}

const live = WORKSPACE_STATUSES.filter((status) => status !== "removed");

/** Every transition of a workspace that exists; api.md §3 is the table that this spells out. */
export const TRANSITIONS = {
  register: {
    from: ["provisioning", "offline", "failed", "awaiting_agent"],
    to: "online",
    event: "WORKSPACE_ONLINE",
  },
  recover: { from: ["provisioning", "offline"], to: "online", event: "WORKSPACE_ONLINE" },
  degrade: { from: ["online"], to: "degraded", event: "WORKSPACE_DEGRADED" },
  heal: { from: ["degraded"], to: "online", event: "WORKSPACE_ONLINE" },
  lose: { from: ["online", "degraded"], to: "offline", event: "WORKSPACE_OFFLINE" },
  fail: { from: ["provisioning"], to: "failed", event: "WORKSPACE_PROVISION_FAILED" },
  /** A rollout puts a container of the next attempt in the place of one that runs. */
  replace: { from: ["online", "degraded", "offline"], to: "provisioning", event: "WORKSPACE_PROVISIONING" },
  /** It goes back to the attempt before. */
  revert: {
    from: ["provisioning", "online", "degraded", "offline", "failed"],
    to: "provisioning",
    event: "WORKSPACE_PROVISIONING",
  },
  pause: { from: live.filter((status) => status !== "paused"), to: "paused", event: "WORKSPACE_PAUSED" },
  wake: { from: ["paused"], to: "offline", event: "WORKSPACE_OFFLINE" },
  reprovision: {
    from: live.filter((status) => status !== "awaiting_agent"),
    to: "provisioning",
    event: "WORKSPACE_PROVISIONING",
  },
} as const satisfies Record<string, TransitionRule>;

/** Name of a transition. */
export type TransitionName = keyof typeof TRANSITIONS;
