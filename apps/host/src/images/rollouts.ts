/** A verified image that workspaces of a runtime are to run. */
export interface RolloutTarget {
  readonly runtime: string;
  /** The reference of the template, e.g. `ghcr.io/acme/x:latest`. */
  readonly reference: string;
  /** Digest of the manifest (or index) that the registry gave, `sha256:…`. */
  readonly digest: string;
  /** Id of the image in the engine, `sha256:…`, of this platform. */
  readonly imageId: string;
  readonly requestedBy: "refresh" | "watcher" | "webhook";
}

/** How a rollout ended. `rolled-back` is one that failed for a reason that the image is not to blame for. */
export type RolloutVerdict = "completed" | "rolled-back" | "quarantined" | "superseded" | "interrupted";

/** What a rollout came to. */
export interface RolloutOutcome {
  readonly verdict: RolloutVerdict;
  /** Names of the containers that run the new image now. */
  readonly recreated: readonly string[];
  readonly rolledBack: readonly string[];
  /** Why it did not complete; null when it did. */
  readonly error: string | null;
}

/** An image that nothing starts with. */
export interface QuarantinedImage {
  readonly runtime: string;
  readonly digest: string;
  readonly reference: string;
  readonly reason: string;
  /** The workspace that it failed in; null when somebody put it there by hand. */
  readonly workspaceId: string | null;
  /** Who asked for the rollout: `refresh`, `watcher` or `webhook`. */
  readonly createdBy: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A rollout that is under way. */
export interface RunningRollout {
  readonly id: string;
  readonly reference: string;
  readonly digest: string;
  readonly requestedBy: string;
  /** Whether the canary has passed. */
  readonly proven: boolean;
  readonly recreated: number;
  /** Running workspaces that still have another image. */
  readonly remaining: number;
  readonly swaps: readonly { readonly workspaceId: string; readonly phase: string }[];
  /** RFC 3339. */
  readonly startedAt: string;
}

/** What GET /admin/workspace-images tells of one runtime. */
export interface RolloutOverview {
  readonly runtime: string;
  readonly rollout: RunningRollout | null;
  /** Images that workspaces run, the most used first; `digest` is null for one that no registry gave. */
  readonly running: readonly {
    readonly digest: string | null;
    readonly imageId: string | null;
    readonly workspaces: number;
  }[];
  readonly quarantine: readonly QuarantinedImage[];
}

/** An image that may be needed again; what is not known of it is null. */
export interface KeptImage {
  readonly imageId: string | null;
  readonly digest: string | null;
}

/** Brings images to the workspaces that run. */
export interface Rollouts {
  /**
   * Rolls a target out; joins the one that runs for the same digest, supersedes one of another digest. An abort of
   * `signal` ends the waiting and not the rollout: the outcome is `interrupted` then, with what was done so far.
   */
  start(target: RolloutTarget, signal: AbortSignal): Promise<RolloutOutcome>;
  isQuarantined(runtime: string, digest: string): Promise<boolean>;
  /** Per runtime of a template: the running rollout, the digests that run, the quarantine. */
  overview(): Promise<readonly RolloutOverview[]>;
  /** Images that a start, a rollout or its way back may need, and that must stay in the engine. */
  kept(): Promise<readonly KeptImage[]>;
}
