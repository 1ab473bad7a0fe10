import {
  messageOf,
  sleep,
  type BackgroundLoop,
  type Clock,
  type ContainerRuntime,
  type LeaseProvider,
  type Logger,
} from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import { keptImages } from "./kept-images.js";
import type { ImageQuarantine } from "./quarantine.js";
import { RolloutDriver, type MaxUnavailable } from "./rollout-driver.js";
import { rolloutOverview, type OverviewServices } from "./rollout-overview.js";
import type { RolloutStore } from "./rollout-store.js";
import type { KeptImage, RolloutOutcome, RolloutOverview, Rollouts, RolloutTarget } from "./rollouts.js";
import { FenceLost, type RolloutRow, type SwapStore } from "./swap-store.js";
import type { SwapServices } from "./swap-job.js";

/** Ms between two looks at a rollout that may be driven by another host. */
const LOOK_MS = 500;
/** Ms between two looks for rollouts whose host has gone. */
const RESUME_INTERVAL_MS = 15_000;

/** What rollouts work with. */
export interface FleetServices extends OverviewServices {
  readonly rollouts: RolloutStore;
  readonly swaps: SwapStore;
  readonly swap: SwapServices;
  readonly quarantine: ImageQuarantine;
  readonly leases: LeaseProvider;
  readonly runtime: ContainerRuntime;
  readonly maxUnavailable: MaxUnavailable;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Rollouts over the fleet. A rollout is a row that anyone may ask for; it is driven by the host that holds the lease
 * of its runtime, and taken up by another one, or after a restart, where that host has gone.
 */
export class FleetRollouts implements Rollouts {
  readonly #services: FleetServices;
  readonly #stopping = new AbortController();
  readonly #drives = new Map<string, Promise<boolean>>();

  constructor(services: FleetServices) {
    this.#services = services;
  }

  /** @throws ROLLOUTS_NOT_AVAILABLE */
  async start(target: RolloutTarget, signal: AbortSignal): Promise<RolloutOutcome> {
    const { rollouts, quarantine, runtime } = this.#services;
    if (runtime.replacement === null) throw rolloutErrors.ROLLOUTS_NOT_AVAILABLE({ kind: runtime.kind });
    const reason = await quarantine.reason(target.runtime, target.digest);
    if (reason !== null) return { verdict: "quarantined", recreated: [], rolledBack: [], error: reason };
    const patience = AbortSignal.any([signal, this.#stopping.signal]);
    let entered: RolloutRow | null = null;
    try {
      for (;;) {
        entered ??= await rollouts.enter(target);
        if (entered !== null) {
          const { status, error } = await rollouts.get(entered.id);
          if (status !== "running") return await rollouts.outcome(entered, status, error);
        }
        await this.#takeUp(target.runtime, patience);
      }
    } catch (error) {
      if (!patience.aborted) throw error;
      if (entered === null) return { verdict: "interrupted", recreated: [], rolledBack: [], error: GOES_ON };
      return await rollouts.outcome(entered, "interrupted", GOES_ON);
    }
  }

  async isQuarantined(runtime: string, digest: string): Promise<boolean> {
    return (await this.#services.quarantine.reason(runtime, digest)) !== null;
  }

  overview(): Promise<readonly RolloutOverview[]> {
    return rolloutOverview(this.#services);
  }

  kept(): Promise<readonly KeptImage[]> {
    return keptImages(this.#services.db);
  }

  /** Takes up what a host that has gone has left, at boot as well. Not a singleton: each runtime has its lease. */
  loop(): BackgroundLoop {
    return {
      name: "image-rollouts",
      intervalMs: RESUME_INTERVAL_MS,
      jitter: 0.1,
      runAtStart: true,
      timeoutMs: 30_000,
      tick: async ({ dryRun }) => {
        if (this.#services.runtime.replacement === null) return undefined;
        const unfinished = await this.#services.swaps.unfinishedRuntimes();
        if (dryRun) return unfinished.length === 0 ? undefined : `would be driven: ${unfinished.join(", ")}`;
        for (const runtime of unfinished) void this.#drive(runtime);
        return undefined;
      },
    };
  }

  /** Leaves running rollouts where they are, for the next boot; resolves when none is driven any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the host stops; the next boot goes on with the rollout"));
    await Promise.all(this.#drives.values());
  }

  /** Waits for this host's drive of the runtime, or a moment for that of another host. */
  async #takeUp(runtime: string, signal: AbortSignal): Promise<void> {
    const waited = new AbortController();
    const bound = AbortSignal.any([signal, waited.signal]);
    const aborted = sleep(this.#services.clock, LOOK_MS, bound);
    try {
      const drove = await Promise.race([this.#drive(runtime), aborted]);
      if (drove === false) await aborted;
      signal.throwIfAborted();
    } finally {
      waited.abort();
      await aborted.catch(() => undefined);
    }
  }

  /** Never rejects; resolves to true when this host is done with the runtime, to false when it can't drive it now. */
  #drive(runtime: string): Promise<boolean> {
    const running = this.#drives.get(runtime);
    if (running !== undefined) return running;
    const { log } = this.#services;
    const drive = this.#driveUnderLease(runtime)
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) {
          log.warn(`the rollout of ${runtime} is interrupted, it is taken up again: ${messageOf(error)}`);
        }
        return false;
      })
      .finally(() => this.#drives.delete(runtime));
    this.#drives.set(runtime, drive);
    return drive;
  }

  async #driveUnderLease(runtime: string): Promise<boolean> {
    const { leases, rollouts, swaps, swap, runtime: driver, maxUnavailable, log } = this.#services;
    const { replacement } = driver;
    if (replacement === null) return false;
    this.#stopping.signal.throwIfAborted();
    // Kept for a moment: of a lease that is kept for no time nothing stays, and its number would begin anew.
    const lease = await leases.acquire(`image-rollout/${runtime}`, 1);
    if (lease === null) return false;
    try {
      const signal = AbortSignal.any([lease.signal, this.#stopping.signal]);
      const left = await swaps.unfinished(runtime);
      for (const row of await rollouts.driven(runtime)) {
        const taken = await rollouts.takeOver(row, lease.fence);
        const services = { rollouts, swaps, swap, replacement, maxUnavailable, log };
        const work = new RolloutDriver(services, taken, signal);
        await work.resume(left.filter(({ rollout_id }) => rollout_id === row.id));
        if (row.status === "running") await work.drive();
      }
      return true;
    } catch (error) {
      if (!(error instanceof FenceLost)) throw error;
      log.info(`the rollout of ${runtime} goes on at another host`);
      return false;
    } finally {
      await lease.release();
    }
  }
}

const GOES_ON = "nobody waits for it any more; the rollout itself goes on: GET /admin/workspace-images";
