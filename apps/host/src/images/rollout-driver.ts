import type { ContainerReplacement, Logger, RuntimeCall } from "@molecule/core";
import type { SwapOutcome } from "../storage/image-tables.js";
import type { RolloutResult, RolloutStore } from "./rollout-store.js";
import type { RolloutRow, SwapResult, SwapRow, SwapStore } from "./swap-store.js";
import { SwapJob, type SwapServices } from "./swap-job.js";
import { WorkspaceSwap } from "./workspace-swap.js";

/** How many workspaces may be without a proven container at a time. */
export type MaxUnavailable = { readonly count: number } | { readonly percent: number };

/** What the driver works with. */
export interface DriverServices {
  readonly rollouts: RolloutStore;
  readonly swaps: SwapStore;
  readonly swap: SwapServices;
  readonly replacement: ContainerReplacement;
  readonly maxUnavailable: MaxUnavailable;
  readonly log: Logger;
}

/** The share of the fleet that gets an image after the canary and before all others. */
const SECOND_STAGE = 0.1;

/** Drives one rollout under its lease: canary, a tenth, the rest; the first failure ends it. */
export class RolloutDriver {
  readonly #services: DriverServices;
  readonly #rollout: RolloutRow;
  readonly #signal: AbortSignal;

  constructor(services: DriverServices, rollout: RolloutRow, signal: AbortSignal) {
    this.#services = services;
    this.#rollout = rollout;
    this.#signal = signal;
  }

  /** Finishes or undoes swaps that an earlier holder of the lease has left. */
  async resume(left: readonly SwapRow[]): Promise<void> {
    await settle(left.map((swap) => this.#swap(swap.workspace_id, swap)));
  }

  /**
   * Goes on with the rollout to its end, and writes that.
   * @throws FenceLost; the reason of the signal; an error of the database. The rollout goes on running then, for
   * whoever takes it up
   */
  async drive(): Promise<void> {
    const { rollouts } = this.#services;
    const fleet = (await rollouts.candidates(this.#rollout)).length + (await this.#recreated());
    // A stage: how many workspaces are to have the image at its end.
    const stages = [1, Math.ceil(fleet * SECOND_STAGE), Infinity];
    for (const goal of stages) {
      await this.#stage(goal, fleet);
      if (await this.#isOver()) break;
      if (goal === 1 && (await this.#recreated()) > 0) await rollouts.prove(this.#rollout);
    }
    await this.#finish();
  }

  async #stage(goal: number, fleet: number): Promise<void> {
    const workers = goal === 1 ? 1 : this.#workers(fleet);
    let planned = await this.#recreated();
    const work = async (): Promise<void> => {
      while (planned < goal && !(await this.#isOver())) {
        const [next] = await this.#next();
        if (next === undefined) return;
        planned += 1;
        const outcome = await this.#swap(next.id, null);
        // It gave way: another one takes its place in the stage.
        if (outcome !== "recreated") planned -= 1;
      }
    };
    await settle(Array.from({ length: workers }, work));
  }

  /** Those that another worker has just taken are not offered again: their swap's row is there. */
  async #next() {
    const { rollouts, swap } = this.#services;
    const candidates = await rollouts.candidates(this.#rollout);
    return candidates.filter(({ id }) => !swap.active.has(id));
  }

  #workers(fleet: number): number {
    const { maxUnavailable } = this.#services;
    if ("count" in maxUnavailable) return maxUnavailable.count;
    return Math.max(1, Math.floor((fleet * maxUnavailable.percent) / 100));
  }

  async #swap(workspaceId: string, left: SwapRow | null): Promise<SwapOutcome | null> {
    const { swap: services } = this.#services;
    const end = await services.active.run(workspaceId, this.#signal, (signal) =>
      // One that is withdrawn waits for its turn all the same: it may have something to take back.
      services.turns.run(workspaceId, this.#signal, (held) =>
        this.#swapInTurn(workspaceId, left, AbortSignal.any([held, signal])),
      ),
    );
    if (end?.imageFault === true) await this.#judge();
    return end?.outcome ?? null;
  }

  /** Null when there is nothing to swap any more. */
  async #swapInTurn(
    workspaceId: string,
    left: SwapRow | null,
    signal: AbortSignal,
  ): Promise<SwapResult | null> {
    const { swap: services, swaps, replacement, rollouts, log } = this.#services;
    if (left === null && signal.aborted) return null;
    const swap = left ?? (await swaps.begin(this.#rollout, workspaceId));
    if (swap === null) return null;
    if (swap.old_image_id !== null) {
      await rollouts.rememberFormer(this.#rollout.runtime, {
        image_id: swap.old_image_id,
        digest: swap.old_image_digest,
        reference: this.#rollout.reference,
      });
    }
    const { digest } = this.#rollout;
    const child = log.child({ workspaceId, attempt: swap.new_attempt, digest });
    const call: RuntimeCall = { signal, log: child };
    const job = new SwapJob(services, replacement, this.#rollout, swap, call);
    return new WorkspaceSwap(job).run();
  }

  /** The first swap that failed, in this process or before; an image that is to blame is kept back at once. */
  async #judge(): Promise<RolloutResult | undefined> {
    const { rollouts } = this.#services;
    const results = await rollouts.results(this.#rollout.id);
    const failed = results.filter(({ outcome }) => outcome === "rolled-back" || outcome === "stuck");
    const failure = failed.find((each) => each.image_fault) ?? failed[0];
    if (failure?.image_fault === true) await rollouts.quarantine(this.#rollout, failure);
    return failure;
  }

  /** Whether no further swap may be begun. */
  async #isOver(): Promise<boolean> {
    this.#signal.throwIfAborted();
    if ((await this.#services.rollouts.get(this.#rollout.id)).superseded) return true;
    return (await this.#judge()) !== undefined;
  }

  async #recreated(): Promise<number> {
    const results = await this.#services.rollouts.results(this.#rollout.id);
    return results.filter(({ outcome }) => outcome === "recreated").length;
  }

  async #finish(): Promise<void> {
    const { rollouts } = this.#services;
    const failure = await this.#judge();
    if (failure !== undefined) {
      const error = `workspace ${failure.workspace_id}: ${failure.error ?? "its swap failed"}`;
      const verdict = failure.image_fault ? "quarantined" : "rolled-back";
      return rollouts.finish(this.#rollout, verdict, error);
    }
    const { superseded } = await rollouts.get(this.#rollout.id);
    if (superseded) {
      const error = "another digest was asked for while it ran";
      return rollouts.finish(this.#rollout, "superseded", error);
    }
    const results = await rollouts.results(this.#rollout.id);
    const skipped = results.filter(({ outcome, error }) => outcome === "skipped" && error !== null);
    if (skipped.length === 0) return rollouts.finish(this.#rollout, "completed", null);
    const error = skipped.map((each) => `${each.container}: ${each.error ?? ""}`).join("; ");
    return rollouts.finish(this.#rollout, "interrupted", error);
  }
}

/** Waits for all, then throws the first failure. */
async function settle(work: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
