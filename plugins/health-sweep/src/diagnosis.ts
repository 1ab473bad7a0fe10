import type { EngineContainer, WatchedWorkspace } from "@molecule/core";

/** Ms without a heartbeat after which an external workspace is offline; design.md §5. */
export const HEARTBEAT_TIMEOUT_MS = 90_000;
/** Ms for which an offline workspace's container may run before its restart is no longer held back for it. */
const PATIENCE_MS = 60_000;

/** What follows from a listing for one workspace. */
export type Diagnosis =
  | { readonly kind: "well" }
  /** Its agent runs elsewhere and has fallen silent. */
  | { readonly kind: "silent" }
  /** Its container was not listed as running: the engine is to be asked after it before anything follows. */
  | { readonly kind: "missing" }
  /** Its port is published elsewhere since the engine restarted it. */
  | { readonly kind: "moved"; readonly url: string }
  /** Its automatic restart is due; where its container was not listed as running, the engine is to be asked first. */
  | { readonly kind: "restart"; readonly running: boolean };

/** Where the engine publishes an agent's port; what an agent says of itself is left alone. */
const PUBLISHED_URL = /^http:\/\/127\.0\.0\.1:\d+$/;
const WELL: Diagnosis = { kind: "well" };

/** What earlier passes have shown. */
export interface Experience {
  /** False while the ages can't be trusted, since a clock has jumped. */
  readonly agesHold: boolean;
  /** Ids of containers that the engine restarts over and over. */
  readonly looping: ReadonlySet<string>;
}

/**
 * Diagnoses a workspace.
 * @param containers its own, as listed; null when the engine could not be listed
 */
export function diagnose(
  workspace: WatchedWorkspace,
  containers: readonly EngineContainer[] | null,
  { agesHold, looping }: Experience,
): Diagnosis {
  if (workspace.external) return agesHold ? diagnoseExternal(workspace) : WELL;
  if (containers === null || !workspace.visible || workspace.inRollout) return WELL;
  const current = containers.filter(({ attempt }) => attempt === workspace.attempt);
  const running = current.find(({ state }) => state === "running");
  switch (workspace.status) {
    case "provisioning":
      if (running !== undefined || workspace.launching) return moved(workspace, running);
      // One that loops is left to the deadline: another attempt would do no better.
      if (isBusy(current)) return WELL;
      // No deadline is waited for: where its restart is planned already, that is.
      return (workspace.restartDueInMs ?? 0) <= 0 ? { kind: "missing" } : WELL;
    case "offline":
      return isRestartDue(workspace, running !== undefined)
        ? { kind: "restart", running: running !== undefined }
        : moved(workspace, running);
    default:
      if (running !== undefined) return moved(workspace, running);
      return isBusy(current.filter(({ id }) => !looping.has(id))) ? WELL : { kind: "missing" };
  }
}

/** The engine is at it: a container that it restarts comes back, or is found stopped later. */
function isBusy(containers: readonly EngineContainer[]): boolean {
  return containers.some(({ state }) => state === "changing");
}

function diagnoseExternal({ status, heartbeatAgeMs }: WatchedWorkspace): Diagnosis {
  const isUp = status === "online" || status === "degraded";
  return isUp && heartbeatAgeMs > HEARTBEAT_TIMEOUT_MS ? { kind: "silent" } : WELL;
}

/** A container that runs all the same may bring its workspace back with its next heartbeat, but not for ever. */
function isRestartDue({ restartDueInMs }: WatchedWorkspace, isRunning: boolean): boolean {
  return (restartDueInMs ?? 0) <= (isRunning ? -PATIENCE_MS : 0);
}

function moved({ url }: WatchedWorkspace, running: EngineContainer | undefined): Diagnosis {
  const now = running?.url ?? null;
  return now !== null && now !== url && PUBLISHED_URL.test(url) ? { kind: "moved", url: now } : WELL;
}
