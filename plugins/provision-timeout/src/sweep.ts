import {
  messageOf,
  type AttemptOfWorkspace,
  type Clock,
  type EngineContainer,
  type EngineInventory,
  type LeftoverProvision,
  type PendingProvision,
  type ProvisionDeadlines,
  type RuntimeCall,
  type SweepLease,
  type TickContext,
} from "@molecule/core";
import { deadlineSeconds, ProvisionAges } from "./deadline.js";

/** Name of the loop, and of its lease. */
export const LOOP = "provision-timeout";

/** What the workspace says then; clients match this text. */
const TIMED_OUT =
  "provisioning timed out — container started but never called /registry/register. Check container logs and network connectivity to the platform.";
const SOURCE = "provision_timeout_sweep";

/** Seconds for which a failed provision is looked after: an engine may finish late what it was asked to create. */
const LEFTOVER_SECONDS = 300;

interface Overdue {
  readonly provision: PendingProvision;
  /** What it had. */
  readonly seconds: number;
}

/** Fails provisions that have run out of time, and stops what failed provisions have left. */
export class ProvisionTimeoutSweep {
  readonly #deadlines: ProvisionDeadlines;
  readonly #inventory: EngineInventory;
  readonly #ages: ProvisionAges;

  constructor(ports: { deadlines: ProvisionDeadlines; inventory: EngineInventory; clock: Clock }) {
    this.#deadlines = ports.deadlines;
    this.#inventory = ports.inventory;
    this.#ages = new ProvisionAges(() => ports.clock.monotonic());
  }

  /** @returns what was done, in a few words, or nothing where there was nothing to do */
  async pass({ signal, log, dryRun, fence }: TickContext): Promise<string | undefined> {
    const lease: SweepLease = { loop: LOOP, fence };
    const overdue = await this.#overdue();
    if (dryRun) return await this.#dryPass(overdue, { signal, log });
    let timedOut = 0;
    for (const { provision, seconds } of overdue) {
      signal.throwIfAborted();
      const failure = { error: TIMED_OUT, timeoutSeconds: seconds, source: SOURCE };
      if (!(await this.#deadlines.timeOut(provision, failure, lease))) continue;
      timedOut += 1;
      const { workspaceId, attempt, runtime } = provision;
      log.warn("a provision has timed out", { workspaceId, attempt, runtime, seconds });
    }
    const stopped = await this.#stopLeftovers({ signal, log }, lease);
    return told([timedOut, "timed out"], [stopped, "left-over container(s) stopped"]);
  }

  /** A pass stops at once what it times out. */
  async #dryPass(overdue: readonly Overdue[], call: RuntimeCall): Promise<string | undefined> {
    const failed = [...(await this.#deadlines.leftovers()), ...overdue.map(({ provision }) => provision)];
    const listing = failed.length === 0 ? null : await this.#inventory.listContainers(call);
    const left = listing?.state === "known" ? failed.filter((each) => isThere(each, listing.objects)) : [];
    return told([overdue.length, "would time out"], [left.length, "left-over container(s) would be stopped"]);
  }

  async #overdue(): Promise<Overdue[]> {
    const ages = this.#ages.observe(await this.#deadlines.pending());
    return [...ages].flatMap(([provision, age]) => {
      const seconds = deadlineSeconds(this.#deadlines, provision.runtime);
      return age >= seconds ? [{ provision, seconds }] : [];
    });
  }

  async #stopLeftovers(call: RuntimeCall, lease: SweepLease): Promise<number> {
    const leftovers = await this.#deadlines.leftovers();
    if (leftovers.length === 0) return 0;
    const listing = await this.#inventory.listContainers(call);
    if (listing.state === "unknown") return 0;
    let stopped = 0;
    for (const leftover of leftovers) {
      call.signal.throwIfAborted();
      if (await this.#settle(leftover, listing.objects, call, lease)) stopped += 1;
    }
    return stopped;
  }

  /** @returns whether something was stopped */
  async #settle(
    leftover: LeftoverProvision,
    containers: readonly EngineContainer[],
    call: RuntimeCall,
    lease: SweepLease,
  ): Promise<boolean> {
    const { workspaceId, attempt, ageSeconds } = leftover;
    if (!isThere(leftover, containers)) {
      if (ageSeconds >= LEFTOVER_SECONDS) await this.#deadlines.forgetLeftover(leftover, lease);
      return false;
    }
    try {
      await this.#deadlines.stopLeftover(leftover, call, lease);
      return true;
    } catch (error) {
      call.log.warn(
        `what a failed provision has left could not be stopped, it is tried again: ${messageOf(error)}`,
        {
          workspaceId,
          attempt,
        },
      );
      return false;
    }
  }
}

/** Whether a container of the failed attempt, or of one before, is left. */
function isThere(
  { workspaceId, attempt }: AttemptOfWorkspace,
  containers: readonly EngineContainer[],
): boolean {
  return containers.some(
    (each) => each.owner === "ours" && each.workspaceId === workspaceId && (each.attempt ?? 0) <= attempt,
  );
}

function told(...counts: readonly (readonly [number, string])[]): string | undefined {
  const parts = counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return parts.length === 0 ? undefined : parts.join(", ");
}
