import { messageOf, type AttemptPresence, type LaunchSpec } from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import { isRefusal } from "../runtimes/docker/engine-errors.js";
import type { SwapPhase } from "../storage/image-tables.js";
import type { Trx } from "../storage/schema.js";
import { Withdrawn } from "./active-swaps.js";
import { passGate } from "./gate.js";
import { exactly } from "./image-choice.js";
import type { SwapJob } from "./swap-job.js";
import type { SwapResult } from "./swap-store.js";
import { SwapWayBack } from "./swap-way-back.js";

/** Ms for an engine that is away before anything was touched: each workspace would else be passed over at once. */
const LOOK_TIMEOUT_MS = 60_000;
/** How often the new container is started where the engine was away and has it stopped since. */
const MAX_LAUNCHES = 3;
/** Ms for taking back what a withdrawn swap has made. */
const WITHDRAW_TIMEOUT_MS = 30_000;

/**
 * Replaces the container of one workspace, phase by phase. A phase is written before its effect, and each effect may
 * be repeated: whoever takes a swap up again, from any phase, goes on as if nothing had been.
 */
export class WorkspaceSwap {
  readonly #job: SwapJob;
  readonly #wayBack: SwapWayBack;
  /** Holds secrets, so it is not kept: a swap that is taken up again prepares anew. */
  #spec: LaunchSpec | undefined;
  #launches = 0;

  constructor(job: SwapJob) {
    this.#job = job;
    this.#wayBack = new SwapWayBack(job);
  }

  /**
   * Goes on from the phase that the swap is in until it is over.
   * @throws FenceLost; the reason of the call's signal; what keeps the database from being written. The swap stays
   * where it is then
   */
  async run(): Promise<SwapResult> {
    try {
      for (;;) {
        const end = await this.#step(this.#job.row.phase);
        if (end !== null) return end;
      }
    } catch (error) {
      const withdrawn = error instanceof Withdrawn || this.#job.call.signal.reason instanceof Withdrawn;
      if (withdrawn) return this.#withdraw();
      throw error;
    }
  }

  /** @returns how the swap ended, or null when it goes on in another phase */
  #step(phase: SwapPhase): Promise<SwapResult | null> {
    switch (phase) {
      case "preparing":
        return this.#prepare();
      case "draining":
        return this.#drain();
      case "launching-new":
        return this.#launchNew();
      case "gating":
        return this.#gate();
      case "removing-old":
        return this.#removeOld();
      case "stopping-new":
        return this.#wayBack.stopNew();
      case "starting-old":
        return this.#wayBack.startOld();
      case "removing-new":
        return this.#wayBack.removeNew();
      case "stuck":
        return Promise.resolve(this.#job.result("stuck"));
    }
  }

  /** While the old container runs: what can go wrong here costs nothing. */
  async #prepare(): Promise<SwapResult | null> {
    const { workspace_id: id } = this.#job.row;
    try {
      const old = await this.#lookAtOld();
      if (old.state === "present" && old.optsOut) return await this.#skip(null);
      if (old.state === "present" && old.imageId === this.#job.rollout.image_id) return await this.#current();
      await this.#specification();
    } catch (error) {
      this.#job.rethrowEnd(error);
      return await this.#skip(error);
    }
    const payload = { digest: this.#job.rollout.digest, attempt: this.#job.row.new_attempt };
    await this.#job.advance("draining", {}, (_trx, emit) => {
      emit({ type: "WORKSPACE_DRAINING", workspaceId: id, payload });
      return Promise.resolve();
    });
    return null;
  }

  /** @throws CONTAINER_UNKNOWN */
  async #lookAtOld(): Promise<AttemptPresence> {
    const { workspace_id: id, old_attempt: oldAttempt } = this.#job.row;
    let old: AttemptPresence = { state: "absent" };
    await this.#job.insist(async (call) => {
      old = await this.#job.replacement.observeAttempt(id, oldAttempt, call);
      if (old.state === "unknown") throw rolloutErrors.CONTAINER_UNKNOWN({ reason: old.reason });
    }, LOOK_TIMEOUT_MS);
    return old;
  }

  async #drain(): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt, new_attempt: newAttempt } = this.#job.row;
    try {
      // After a restart of the host: what can fail is done while the old container may still run.
      await this.#specification();
      await this.#job.insist((call) => this.#job.replacement.stopKeeping(id, oldAttempt, call));
    } catch (error) {
      return await this.#wayBack.begin(error, false);
    }
    await this.#job.advance("launching-new", {}, (trx, emit) =>
      this.#job.changeAttempt(trx, emit, "replace", oldAttempt, newAttempt),
    );
    return null;
  }

  async #launchNew(): Promise<null> {
    const { workspace_id: id, new_attempt: attempt } = this.#job.row;
    const { active, runtime } = this.#job.services;
    try {
      const spec = await this.#specification();
      const launch = this.#job.insist(async (call) => {
        // Of a launch whose host died, or whose answer was lost.
        await this.#job.replacement.removeAttempt(id, attempt, call);
        await this.#job.noteContainer(attempt, await runtime.launch(spec, call));
      });
      await active.moving(id, launch);
      this.#launches += 1;
    } catch (error) {
      // A command that is not in the image is told as a bad request, and so is a network of an ambiguous name.
      const imageFault = isRefusal(error, 400) && !isRefusal(error, 400, /^network /);
      return await this.#wayBack.begin(error, imageFault);
    }
    await this.#job.advance("gating");
    return null;
  }

  async #gate(): Promise<null> {
    const { workspace_id: workspaceId, new_attempt: attempt } = this.#job.row;
    const { swaps, clock, times, tokens } = this.#job.services;
    const status = async () => (await swaps.current(this.#job.row)).status;
    const subject = { workspaceId, attempt, status, unwatched: this.#launches === 0 };
    const services = { replacement: this.#job.replacement, clock };
    const verdict = await passGate(subject, times, services, this.#job.call);
    if (verdict.kind === "failed") return await this.#wayBack.begin(verdict.error, verdict.imageFault);
    if (verdict.kind === "lost") {
      if (this.#launches >= MAX_LAUNCHES) return await this.#wayBack.begin(verdict.error, false);
      await this.#job.advance("launching-new");
      return null;
    }
    const { digest } = this.#job.rollout;
    const payload = { digest, previous_digest: this.#job.row.old_image_digest, attempt };
    await this.#job.advance("removing-old", {}, async (trx, emit) => {
      await tokens.revokeOtherAttempts(trx, { workspaceId, attempt });
      emit({ type: "WORKSPACE_IMAGE_REPLACED", workspaceId, payload });
    });
    return null;
  }

  async #removeOld(): Promise<SwapResult> {
    const { workspace_id: id, old_attempt: oldAttempt } = this.#job.row;
    try {
      await this.#job.insist((call) => this.#job.replacement.removeAttempt(id, oldAttempt, call));
    } catch (error) {
      this.#job.call.signal.throwIfAborted();
      // The new one has passed. An older attempt that nothing owns is taken away by the sweep.
      this.#job.call.log.warn(`the replaced container is left to the sweep: ${messageOf(error)}`);
    }
    return await this.#job.finish("recreated");
  }

  async #specification(): Promise<LaunchSpec> {
    this.#spec ??= await this.#prepareSpecification();
    return this.#spec;
  }

  async #prepareSpecification(): Promise<LaunchSpec> {
    const { preparation, swaps } = this.#job.services;
    const { old_attempt: oldAttempt, new_attempt: attempt } = this.#job.row;
    const row = await swaps.current(this.#job.row);
    const template = exactly(preparation.template(row.runtime), this.#job.rollout.image_id);
    const spec = await preparation.prepareNext(
      { ...row, attempt: oldAttempt },
      { attempt, template },
      this.#job.call,
    );
    if (spec === null) throw new Withdrawn();
    return spec;
  }

  /** The workspace runs the image already: this was not known, or it was restarted meanwhile. */
  async #current(): Promise<SwapResult> {
    const { workspace_id: id, old_attempt: attempt } = this.#job.row;
    const { image_id, digest } = this.#job.rollout;
    return await this.#job.finish("skipped", async (trx) => {
      await trx
        .updateTable("workspaces")
        .set({ image_id, image_digest: digest })
        .where("id", "=", id)
        .where("attempt", "=", attempt)
        .execute();
    });
  }

  /** Nothing was touched: the old container runs on. */
  async #skip(error: unknown): Promise<SwapResult> {
    const { tokens, masker } = this.#job.services;
    const { workspace_id: workspaceId, old_attempt: attempt } = this.#job.row;
    const message = error === null ? null : masker.mask(messageOf(error));
    const revoke = (trx: Trx) => tokens.revokeOtherAttempts(trx, { workspaceId, attempt });
    return await this.#job.finish("skipped", revoke, message);
  }

  /** What this swap has made must not outlive the workspace, nor stand beside its next attempt. */
  async #withdraw(): Promise<SwapResult> {
    const { database, runtime } = this.#job.services;
    const { workspace_id: id, new_attempt: newAttempt } = this.#job.row;
    const row = await database.db
      .selectFrom("workspaces")
      .select(["attempt", "status"])
      .where("id", "=", id)
      .executeTakeFirst();
    const call = { signal: AbortSignal.timeout(WITHDRAW_TIMEOUT_MS), log: this.#job.call.log };
    const restarted = row !== undefined && row.attempt > newAttempt;
    call.log.info("the swap is given up: the workspace was deleted, restarted or paused");
    await runtime.stop(id, restarted ? { ...call, upToAttempt: newAttempt } : call);
    return await this.#job.finish("withdrawn");
  }
}
