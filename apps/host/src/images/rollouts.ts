/** A verified image that workspaces of a runtime are to run. */
export interface RolloutTarget {
  /** The workspace template's name. */
  readonly runtime: string;
  /** The reference of the template, e.g. `ghcr.io/acme/x:latest`. */
  readonly reference: string;
  /** Digest of the manifest (or index) that the registry gave, `sha256:…`. */
  readonly digest: string;
  /** Id of the image in the engine, `sha256:…`, of this platform. */
  readonly imageId: string;
  /** Who asked. */
  readonly requestedBy: "refresh" | "watcher" | "webhook";
}

/** How a rollout ended. */
export type RolloutVerdict = "completed" | "rolled-back" | "quarantined" | "superseded" | "interrupted";

/** What came of a rollout. */
export interface RolloutOutcome {
  readonly verdict: RolloutVerdict;
  /** Names of the containers that run the new image now. */
  readonly recreated: readonly string[];
  /** Names of the containers that were put back. */
  readonly rolledBack: readonly string[];
  /** Why it did not complete; null when it did. */
  readonly error: string | null;
}

/** A digest that the fleet refuses. */
export interface QuarantinedDigest {
  readonly digest: string;
  /** Who put it there, e.g. `rollout` or an operator. */
  readonly by: string;
  /** RFC 3339. */
  readonly since: string;
  readonly reason: string;
}

/** What is known of one runtime's images in the fleet. */
export interface RolloutOverview {
  /** The workspace template's name. */
  readonly runtime: string;
  /** The digests that its workspaces run, and how many run each. */
  readonly digests: readonly { readonly digest: string; readonly workspaces: number }[];
  /** The rollout that runs now, or null. */
  readonly rollout: { readonly digest: string; readonly phase: string; readonly startedAt: string } | null;
  readonly quarantine: readonly QuarantinedDigest[];
}

/** Replaces workspaces so that they run a verified image. */
export interface Rollouts {
  /** Rolls a target out; joins the one that runs for the same digest, supersedes one of another digest. */
  start(target: RolloutTarget, signal: AbortSignal): Promise<RolloutOutcome>;
  /** Whether the fleet refuses this digest. */
  isQuarantined(runtime: string, digest: string): Promise<boolean>;
  /** For `GET /admin/workspace-images`: per runtime the running rollout, the digests that run, the quarantine. */
  overview(): Promise<readonly RolloutOverview[]>;
}
