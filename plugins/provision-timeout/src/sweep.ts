import {
  messageOf,
  type Clock,
  type EngineInventory,
  type EngineListing,
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
    if (dryRun) return overdue.length === 0 ? undefined : `${overdue.length} would time out`;
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
    const parts = [
      ...(timedOut === 0 ? [] : [`${timedOut} timed out`]),
      ...(stopped === 0 ? [] : [`${stopped} left-over container(s) stopped`]),
    ];
    return parts.length === 0 ? undefined : parts.join(", ");
  }

  async #overdue(): Promise<{ readonly provision: PendingProvision; readonly seconds: number }[]> {
    const ages = this.#ages.observe(await this.#deadlines.pending());
    return [...ages].flatMap(([provision, age]) => {
      const seconds = deadlineSeconds(this.#deadlines, provision.runtime);
      return age >= seconds ? [{ provision, seconds }] : [];
    });
  }

  async #stopLeftovers(call: RuntimeCall, lease: SweepLease): Promise<number> {
    const leftovers = await this.#deadlines.leftovers();
    if (leftovers.length === 0) return 0;
    const listing = await this.#inventory.list(call);
    if (listing.state === "unknown") return 0;
    let stopped = 0;
    for (const leftover of leftovers) {
      call.signal.throwIfAborted();
      if (await this.#settle(leftover, listing, call, lease)) stopped += 1;
    }
    return stopped;
  }

  /** @returns whether something was stopped */
  async #settle(
    leftover: LeftoverProvision,
    listing: Extract<EngineListing, { state: "known" }>,
    call: RuntimeCall,
    lease: SweepLease,
  ): Promise<boolean> {
    const { workspaceId, attempt, ageSeconds } = leftover;
    const isThere = listing.containers.some(
      (each) => each.owner === "ours" && each.workspaceId === workspaceId && (each.attempt ?? 0) <= attempt,
    );
    if (!isThere) {
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
