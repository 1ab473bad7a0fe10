import type { InjectionToken } from "tsyringe";
import type { Disposer } from "../hooks/registry.js";
import type { RuntimeCall } from "./container-runtime.js";
import type { EngineContainer, EngineVolume } from "./engine-inventory.js";

/**
 * Under which lease a sweep writes. Every write checks it in its own transaction, so that a host that froze and wakes
 * up after another one took the loop over changes nothing.
 */
export interface SweepLease {
  readonly loop: string;
  /** Of the tick; null for a loop that needs no lease. */
  readonly fence: number | null;
}

/** One provision of one workspace: moves are made only while the workspace is still at this attempt. */
export interface AttemptOfWorkspace {
  readonly workspaceId: string;
  readonly attempt: number;
}

/** What the row of a workspace says about its engine objects. */
export interface OwnerRow {
  readonly removed: boolean;
  readonly attempt: number;
  /** The highest number that was ever given; above `attempt` after a rollout was undone. */
  readonly lastAttempt: number;
  /** Attempts whose containers a rollout of the workspace looks after. */
  readonly rolloutAttempts: readonly number[];
}

/** The fuse of the orphan sweep: blown when a pass would remove suspiciously much. */
export type SweepFuse =
  | { readonly state: "whole" }
  | {
      readonly state: "blown" | "confirmed";
      /** RFC 3339, by the database's clock. */
      readonly since: string;
      /** The workspaces whose objects would be removed. */
      readonly workspaceIds: readonly string[];
    };

/** What the database says of workspaces and of the fuse, as of one moment. */
export interface OwnerReading {
  /** A workspace without a row is left out; one whose row can't be made sense of is `undecodable`. */
  readonly rows: ReadonlyMap<string, OwnerRow | "undecodable">;
  readonly fuse: SweepFuse;
}

/** What the orphan sweep needs of the workspaces. */
export interface OwnerRecords {
  /**
   * The rows of these workspaces, and the fuse, as they are now; in one query.
   * @param workspaceIds - UUIDs
   */
  read(workspaceIds: readonly string[]): Promise<OwnerReading>;
  /** Blows the fuse over these workspaces, with an event; one that is blown already takes the new list. */
  blowFuse(workspaceIds: readonly string[], limit: number, lease: SweepLease): Promise<void>;
  /** Puts the fuse back: what was confirmed is done, or there is nothing left to confirm. */
  mendFuse(lease: SweepLease): Promise<void>;
  /** @throws SWEEP_LEASE_LOST */
  assertLease(lease: SweepLease): Promise<void>;
}

/** Resolves to the host's {@link OwnerRecords}. */
export const OWNER_RECORDS: InjectionToken<OwnerRecords> = Symbol.for("@molecule/port/owner-records");

/** An object of the engine that is no live workspace's, and what the rule says about it. */
export interface OrphanFinding {
  readonly object: EngineContainer | EngineVolume;
  readonly verdict: "remove" | "wait" | "fuse" | "keep";
  /** Why: the proof of a removal, or what is missing for one. */
  readonly reason: string;
}

/** What an examination of the engine has found; nothing was changed for it. */
export interface OrphanReport {
  /** Null when the engine could be listed, else why not: the rest is empty then. */
  readonly unknown: string | null;
  readonly findings: readonly OrphanFinding[];
  /** Numbers of objects that are never touched. */
  readonly foreign: number;
  readonly unlabelled: number;
}

/** Where the plugin that knows the reaping rule lends it to the host, which shows it to operators. */
export interface OrphanExaminers {
  /** @param examine - looks, decides and changes nothing */
  provide(examine: (call: RuntimeCall) => Promise<OrphanReport>): Disposer;
}

/** Resolves to the host's {@link OrphanExaminers}. */
export const ORPHAN_EXAMINERS: InjectionToken<OrphanExaminers> = Symbol.for(
  "@molecule/port/orphan-examiners",
);

/** A workspace that is being provisioned. */
export interface PendingProvision extends AttemptOfWorkspace {
  readonly runtime: string;
  /** Ms since the epoch; the same for as long as its deadline is, also where it goes on as another attempt. */
  readonly startedAt: number;
  /** Seconds since the provision began, by the database's clock. */
  readonly ageSeconds: number;
}

/** A failed provision that may have left a container behind. */
export interface LeftoverProvision extends AttemptOfWorkspace {
  /** Seconds since it failed, by the database's clock. */
  readonly ageSeconds: number;
}

/** Provisions and their deadlines. */
export interface ProvisionDeadlines {
  /** Seconds that every provision has, whatever its runtime declares; null when it is not set. */
  readonly overrideSeconds: number | null;
  /** Seconds that a runtime declares; null when it declares none. */
  declaredSeconds(runtime: string): number | null;
  /** What is in provisioning, and when that was by the database's clock, in ms since the epoch; in one query. */
  pending(): Promise<{ readonly now: number; readonly provisions: readonly PendingProvision[] }>;
  /**
   * Fails a provision that has run out of time, with its events, and marks its container for {@link ProvisionDeadlines.leftovers}.
   * @returns false when the workspace has moved on meanwhile
   * @throws SWEEP_LEASE_LOST
   */
  timeOut(
    provision: AttemptOfWorkspace,
    failure: { readonly error: string; readonly timeoutSeconds: number; readonly source: string },
    lease: SweepLease,
  ): Promise<boolean>;
  /** Failed provisions that may have left a container behind, in one query. */
  leftovers(): Promise<readonly LeftoverProvision[]>;
  /**
   * Stops what a failed provision has left, if its workspace is still failed at that attempt.
   * @throws SWEEP_LEASE_LOST, or an error of the engine
   */
  stopLeftover(provision: AttemptOfWorkspace, call: RuntimeCall, lease: SweepLease): Promise<void>;
  /**
   * Nothing is left of it any more.
   * @throws SWEEP_LEASE_LOST
   */
  forgetLeftover(provision: AttemptOfWorkspace, lease: SweepLease): Promise<void>;
}

/** Resolves to the host's {@link ProvisionDeadlines}. */
export const PROVISION_DEADLINES: InjectionToken<ProvisionDeadlines> = Symbol.for(
  "@molecule/port/provision-deadlines",
);

/** A workspace whose life a health sweep watches. Durations are by the database's clock. */
export interface WatchedWorkspace extends AttemptOfWorkspace {
  readonly status: "provisioning" | "online" | "degraded" | "offline";
  /** Its agent runs elsewhere: only its heartbeats tell of it. */
  readonly external: boolean;
  /** Whether the container runtime of this host can see its container; a process of another host it can't. */
  readonly visible: boolean;
  /** Whether a rollout replaces its container now, and looks after it. */
  readonly inRollout: boolean;
  /** Whether its container is still to be launched, and the host sees to that. */
  readonly launching: boolean;
  /** Where its agent is called; empty while there is none. */
  readonly url: string;
  /** Ms since its last heartbeat, or since it was created. */
  readonly heartbeatAgeMs: number;
  /** Automatic restarts in a row so far. */
  readonly restarts: number;
  /** Ms until its next automatic restart is due, negative when overdue; null when none is planned. */
  readonly restartDueInMs: number | null;
  /** Ms since its last automatic restart; null when there was none. */
  readonly sinceRestartMs: number | null;
}

/** The workspaces' health. */
export interface WorkspaceHealth {
  /** All that may have an agent, in one query, and the database's clock when they were read, in ms since the epoch. */
  watched(): Promise<{ readonly now: number; readonly workspaces: readonly WatchedWorkspace[] }>;
  /**
   * Takes a workspace offline, with its event, and plans its automatic restart.
   * @param plan - null for a workspace that is not restarted
   * @returns false when it has moved on meanwhile
   * @throws SWEEP_LEASE_LOST
   */
  lose(
    workspace: AttemptOfWorkspace,
    plan: { readonly restarts: number; readonly delayMs: number } | null,
    lease: SweepLease,
  ): Promise<boolean>;
  /**
   * Plans the automatic restart of a workspace that has lost its container before its agent was there.
   * @returns false when it has moved on meanwhile
   * @throws SWEEP_LEASE_LOST
   */
  planRestart(
    workspace: AttemptOfWorkspace,
    plan: { readonly restarts: number; readonly delayMs: number },
    lease: SweepLease,
  ): Promise<boolean>;
  /**
   * Starts the next attempt of a workspace that is offline, or is provisioning: its deadline stands then.
   * @returns false when it has moved on meanwhile
   * @throws SWEEP_LEASE_LOST
   */
  restart(
    workspace: AttemptOfWorkspace & Pick<WatchedWorkspace, "status">,
    lease: SweepLease,
  ): Promise<boolean>;
  /**
   * Notes where a workspace is called from now on.
   * @returns false when it has moved on meanwhile
   * @throws SWEEP_LEASE_LOST
   */
  moveUrl(
    workspace: AttemptOfWorkspace,
    url: { readonly from: string; readonly to: string },
    lease: SweepLease,
  ): Promise<boolean>;
}

/** Resolves to the host's {@link WorkspaceHealth}. */
export const WORKSPACE_HEALTH: InjectionToken<WorkspaceHealth> = Symbol.for(
  "@molecule/port/workspace-health",
);
