import {
  ClockWatch,
  isCodedError,
  messageOf,
  type Clock,
  type ContainerRuntime,
  type EngineContainer,
  type EngineInventory,
  type RuntimeCall,
  type SweepLease,
  type TickContext,
  type WatchedWorkspace,
  type WorkspaceHealth,
} from "@molecule/core";
import { planRestart } from "./back-off.js";
import { CrashLoops } from "./crash-loops.js";
import { diagnose, HEARTBEAT_TIMEOUT_MS, type Experience } from "./diagnosis.js";

/** Name of the loop, and of its lease. */
export const LOOP = "health-sweep";

/** What the sweep works with. */
export interface HealthPorts {
  readonly health: WorkspaceHealth;
  readonly inventory: EngineInventory;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
}

type Outcome = "offline" | "restarted" | "moved";

/** Finds workspaces that have lost their agent, and brings them back. */
export class HealthSweep {
  readonly #ports: HealthPorts;
  readonly #clockWatch = new ClockWatch(HEARTBEAT_TIMEOUT_MS);
  readonly #crashLoops = new CrashLoops();

  constructor(ports: HealthPorts) {
    this.#ports = ports;
  }

  /** @returns what was done, in a few words, or nothing where there was nothing to do */
  async pass({ signal, log, dryRun, fence }: TickContext): Promise<string | undefined> {
    const { health, inventory, clock } = this.#ports;
    const call: RuntimeCall = { signal, log };
    const lease: SweepLease = { loop: LOOP, fence };
    // Rows first: whatever moves on between the two is at another attempt or status when it is written.
    const { now, workspaces } = await health.watched();
    if (workspaces.length === 0) return undefined;
    const agesHold = this.#clockWatch.agesHold({ wall: now, monotonic: clock.monotonic() });
    const listing = await inventory.listContainers(call);
    const containersOf = listing.state === "known" ? byWorkspace(listing.objects) : null;
    const looping =
      listing.state === "known"
        ? this.#crashLoops.observe(listing.objects, clock.monotonic())
        : new Set<string>();
    const experience = { agesHold, looping };
    const counts: Record<Outcome, number> = { offline: 0, restarted: 0, moved: 0 };
    for (const workspace of workspaces) {
      signal.throwIfAborted();
      const own = containersOf === null ? null : (containersOf.get(workspace.workspaceId) ?? []);
      for (const outcome of await this.#treat(workspace, own, experience, dryRun, call, lease)) {
        counts[outcome] += 1;
      }
    }
    const told = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
    const unknown = listing.state === "known" ? [] : [`nothing is known of the engine: ${listing.reason}`];
    const parts = [...told, ...unknown];
    return parts.length === 0 ? undefined : `${dryRun ? "would be: " : ""}${parts.join(", ")}`;
  }

  /** Never rejects but for a lost lease: the other workspaces are looked at all the same. */
  async #treat(
    workspace: WatchedWorkspace,
    own: readonly EngineContainer[] | null,
    experience: Experience,
    dryRun: boolean,
    call: RuntimeCall,
    lease: SweepLease,
  ): Promise<readonly Outcome[]> {
    const { health } = this.#ports;
    const { workspaceId, url } = workspace;
    const diagnosis = diagnose(workspace, own, experience);
    try {
      switch (diagnosis.kind) {
        case "well":
          return [];
        case "silent":
          return dryRun || (await health.lose(workspace, null, lease)) ? ["offline"] : [];
        case "missing":
          return workspace.status === "provisioning"
            ? await this.#startAgain(workspace, dryRun, call, lease)
            : await this.#lose(workspace, dryRun, call, lease);
        case "moved":
          return dryRun || (await health.moveUrl(workspace, { from: url, to: diagnosis.url }, lease))
            ? ["moved"]
            : [];
        case "restart":
          return diagnosis.running || (await this.#isDown(workspace, call))
            ? await this.#restart(workspace, dryRun, lease)
            : [];
      }
    } catch (error) {
      call.signal.throwIfAborted();
      if (isCodedError(error) && error.code === "SWEEP_LEASE_LOST") throw error;
      call.log.warn(`the health of a workspace could not be seen to: ${messageOf(error)}`, { workspaceId });
      return [];
    }
  }

  async #lose(
    workspace: WatchedWorkspace,
    dryRun: boolean,
    call: RuntimeCall,
    lease: SweepLease,
  ): Promise<readonly Outcome[]> {
    const { health } = this.#ports;
    const { workspaceId, attempt } = workspace;
    const reason = await this.#confirmLoss(workspace, call);
    if (reason === null) return [];
    if (dryRun) return ["offline"];
    const plan = planRestart(workspace);
    if (!(await health.lose(workspace, plan, lease))) return [];
    call.log.warn(`a workspace is offline: ${reason}`, { workspaceId, attempt, restartInMs: plan.delayMs });
    if (plan.delayMs > 0) return ["offline"];
    return ["offline", ...(await this.#restart(workspace, false, lease))];
  }

  /** For a container that was launched, and is lost before its agent has registered. */
  async #startAgain(
    workspace: WatchedWorkspace,
    dryRun: boolean,
    call: RuntimeCall,
    lease: SweepLease,
  ): Promise<readonly Outcome[]> {
    const { workspaceId, attempt, restartDueInMs } = workspace;
    const reason = await this.#confirmLoss(workspace, call);
    if (reason === null) return [];
    if (restartDueInMs === null && !dryRun) {
      const plan = planRestart(workspace);
      if (!(await this.#ports.health.planRestart(workspace, plan, lease))) return [];
      const told = { workspaceId, attempt, restartInMs: plan.delayMs };
      call.log.warn(`a workspace has lost its container before its agent registered: ${reason}`, told);
      if (plan.delayMs > 0) return [];
    }
    return await this.#restart(workspace, dryRun, lease);
  }

  async #restart(
    workspace: WatchedWorkspace,
    dryRun: boolean,
    lease: SweepLease,
  ): Promise<readonly Outcome[]> {
    return dryRun || (await this.#ports.health.restart(workspace, lease)) ? ["restarted"] : [];
  }

  /** Of one that is offline: what was not listed and runs all the same may bring it back with its next heartbeat. */
  async #isDown({ workspaceId, attempt }: WatchedWorkspace, call: RuntimeCall): Promise<boolean> {
    const found = await this.#ports.runtime.observe(workspaceId, call);
    if (found.state === "present") return found.attempt !== attempt || !found.running;
    return found.state === "absent";
  }

  /** Asks the engine after this one workspace: a list can be empty by fault. Null when it is not surely lost. */
  async #confirmLoss({ workspaceId, attempt }: WatchedWorkspace, call: RuntimeCall): Promise<string | null> {
    const found = await this.#ports.runtime.observe(workspaceId, call);
    if (found.state === "unknown") return null;
    if (found.state === "absent") return "its container is gone";
    if (found.attempt < attempt) return "its container is gone, one of an older attempt is left";
    if (found.attempt > attempt || found.running) return null;
    return `its container has ended with exit code ${found.exitCode ?? "unknown"}`;
  }
}

function byWorkspace(
  containers: readonly EngineContainer[],
): ReadonlyMap<string, readonly EngineContainer[]> {
  const groups = new Map<string, EngineContainer[]>();
  for (const container of containers) {
    if (container.owner !== "ours" || container.workspaceId === null) continue;
    const group = groups.get(container.workspaceId);
    if (group === undefined) groups.set(container.workspaceId, [container]);
    else group.push(container);
  }
  return groups;
}
