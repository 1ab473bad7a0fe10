import type { Generated } from "kysely";
import type { DefaultTime, NullableTime } from "./table-columns.js";

/** How a rollout stands; all but `running` are final. */
export const ROLLOUT_STATUSES = [
  "running",
  "completed",
  "rolled-back",
  "quarantined",
  "superseded",
  "interrupted",
] as const;

/** One image on its way to the workspaces of a runtime. One at most runs for each runtime. */
export interface RolloutsTable {
  id: string;
  runtime: string;
  reference: string;
  digest: string;
  image_id: string;
  requested_by: string;
  status: Generated<(typeof ROLLOUT_STATUSES)[number]>;
  /** Another digest was asked for: no swap is begun any more. */
  superseded: Generated<boolean>;
  /** The canary has passed: workspaces that start may take the image. */
  proven: Generated<boolean>;
  /** Of the lease of the host that drives it; writes with an older one are refused. */
  fence: Generated<number>;
  error: string | null;
  created_at: DefaultTime;
  finished_at: NullableTime;
}

/**
 * The phases of a swap: the way forward, then the way back, which begins at `stopping-new`; `stuck` waits for an
 * operator. What is done in each is in `images/workspace-swap.ts` and `images/swap-way-back.ts`.
 */
export const SWAP_PHASES = [
  "preparing",
  "draining",
  "launching-new",
  "gating",
  "removing-old",
  "stopping-new",
  "starting-old",
  "removing-new",
  "stuck",
] as const;

/** A phase of a swap. */
export type SwapPhase = (typeof SWAP_PHASES)[number];

/** A workspace whose container is being replaced. While the row is there, objects of both attempts are its own. */
export interface WorkspaceSwapsTable {
  workspace_id: string;
  rollout_id: string;
  old_attempt: number;
  new_attempt: number;
  /** Written before its effect. */
  phase: SwapPhase;
  old_image_id: string | null;
  old_image_digest: string | null;
  /** Whether the image is to blame for `error`. */
  image_fault: Generated<boolean>;
  error: string | null;
  created_at: DefaultTime;
  updated_at: DefaultTime;
}

/** What became of a workspace in a rollout. */
export type SwapOutcome = "recreated" | "rolled-back" | "stuck" | "skipped" | "withdrawn";

/** What rollouts have done. */
export interface RolloutResultsTable {
  rollout_id: string;
  workspace_id: string;
  outcome: SwapOutcome;
  /** Name of the container, for people. */
  container: string;
  /** Whether the image is to blame for `error`. */
  image_fault: Generated<boolean>;
  error: string | null;
  created_at: DefaultTime;
}

/** Images that failed a gate: nothing starts with them until somebody lifts it. */
export interface ImageQuarantineTable {
  runtime: string;
  digest: string;
  image_id: string;
  reference: string;
  reason: string;
  workspace_id: string | null;
  rollout_id: string | null;
  created_by: string;
  created_at: DefaultTime;
}

/** The last image of each runtime that is known to be good. */
export interface ProvenImagesTable {
  runtime: string;
  image_id: string;
  digest: string | null;
  reference: string;
  updated_at: DefaultTime;
}

/** What the registry had for a runtime's image, when all of its workspaces had last been brought to it. */
export interface ImageDigestsTable {
  runtime: string;
  /** The template's image at that time: of another one nothing is known. */
  reference: string;
  /** Of the manifest or index. */
  digest: string;
  /** Of the image for the engine's platform. */
  platform_digest: string;
  etag: string | null;
  /** On its way to the workspaces; null when none is. */
  pending_digest: string | null;
  updated_at: DefaultTime;
}

/** Images that this installation pulled, for each host. */
export interface PulledImagesTable {
  host_id: string;
  /** Registry and repository. */
  repository: string;
  digest: string;
  image_id: string;
  pulled_at: DefaultTime;
  /** When something ran it last, or remembered it. */
  needed_at: DefaultTime;
}
