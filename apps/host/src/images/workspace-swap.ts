import {
  messageOf,
  type Clock,
  type ContainerReplacement,
  type ContainerRuntime,
  type LaunchResult,
  type LaunchSpec,
  type RuntimeCall,
  type SecretMasker,
} from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import { isRefusal } from "../runtimes/docker/engine-errors.js";
import { workspaceObjectName } from "../runtimes/workspace-name.js";
import type { Database } from "../storage/database.js";
import type { Emit } from "../storage/event-log.js";
import type { SwapOutcome, SwapPhase, Trx, WorkspaceRow } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import type { EngineTurns } from "../workspaces/engine-turns.js";
import type { LaunchPreparation } from "../workspaces/launch-preparation.js";
import { tokenFile } from "../workspaces/launch-files.js";
import type { StateMachine } from "../workspaces/state-machine.js";
import type { WorkspaceSecrets } from "../workspaces/workspace-secrets.js";
import { Withdrawn, type ActiveSwaps } from "./active-swaps.js";
import { passGate, type GateTimes } from "./gate.js";
import { exactly } from "./image-choice.js";
import { insist } from "./insist.js";
import type { RolloutRow, SwapResult, SwapRow, SwapStore } from "./swap-store.js";

/** What swaps work with. */
export interface SwapServices {
  readonly database: Database;
  readonly swaps: SwapStore;
  readonly active: ActiveSwaps;
  /** A swap is one job on the workspace's objects, like a provision or a deletion. */
  readonly turns: EngineTurns;
  readonly stateMachine: StateMachine;
  readonly tokens: TokenStore;
  readonly secrets: WorkspaceSecrets;
  readonly preparation: LaunchPreparation;
  readonly runtime: ContainerRuntime;
  readonly masker: SecretMasker;
  readonly clock: Clock;
  readonly times: GateTimes;
}

/** Ms for bringing the new container up; the old one is not running meanwhile. */
const LAUNCH_TIMEOUT_MS = 3 * 60_000;
/** How often the new container is started where the engine was away and has it stopped since. */
const MAX_LAUNCHES = 3;
/** Ms for taking back what a withdrawn swap has made. */
const WITHDRAW_TIMEOUT_MS = 30_000;

/**
 * Replaces the container of one workspace, phase by phase. A phase is written before its effect, and each effect may
 * be repeated: whoever takes a swap up again, from any phase, goes on as if nothing had been.
 */
export class WorkspaceSwap {
  readonly #services: SwapServices;
  readonly #replacement: ContainerReplacement;
  readonly #rollout: RolloutRow;
  readonly #call: RuntimeCall;
  #swap: SwapRow;
  /** Holds secrets, so it is not kept: a swap that is taken up again prepares anew. */
  #spec: LaunchSpec | undefined;
  #launches = 0;

  constructor(
    services: SwapServices,
    replacement: ContainerReplacement,
    rollout: RolloutRow,
    swap: SwapRow,
    call: RuntimeCall,
  ) {
    this.#services = services;
    this.#replacement = replacement;
    this.#rollout = rollout;
    this.#swap = swap;
    this.#call = call;
  }

  /**
   * Goes on from the phase that the swap is in until it is over.
   * @throws FenceLost; the reason of the call's signal; what keeps the database from being written. The swap stays
   * where it is then
   */
  async run(): Promise<SwapResult> {
    try {
      for (;;) {
        const end = await this.#step(this.#swap.phase);
        if (end !== null) return end;
      }
    } catch (error) {
      const withdrawn = error instanceof Withdrawn || this.#call.signal.reason instanceof Withdrawn;
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
        return this.#stopNew();
      case "starting-old":
        return this.#startOld();
      case "removing-new":
        return this.#removeNew();
      case "stuck":
        return Promise.resolve(this.#result("stuck"));
    }
  }

  /** While the old container runs: what can go wrong here costs nothing. */
  async #prepare(): Promise<SwapResult | null> {
    const { workspace_id: id, old_attempt: oldAttempt } = this.#swap;
    const old = await this.#replacement.observeAttempt(id, oldAttempt, this.#call);
    try {
      if (old.state === "unknown") throw rolloutErrors.CONTAINER_UNKNOWN({ reason: old.reason });
      if (old.state === "present" && old.optsOut) return await this.#skip(null);
      if (old.state === "present" && old.imageId === this.#rollout.image_id) return await this.#current();
      await this.#specification();
    } catch (error) {
      this.#call.signal.throwIfAborted();
      if (error instanceof Withdrawn) throw error;
      return await this.#skip(error);
    }
    const payload = { digest: this.#rollout.digest, attempt: this.#swap.new_attempt };
    await this.#advance("draining", {}, (_trx, emit) => {
      emit({ type: "WORKSPACE_DRAINING", workspaceId: id, payload });
      return Promise.resolve();
    });
    return null;
  }

  async #drain(): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt, new_attempt: newAttempt } = this.#swap;
    try {
      // After a restart of the host: what can fail is done while the old container may still run.
      await this.#specification();
      await this.#insist((call) => this.#replacement.stopKeeping(id, oldAttempt, call));
    } catch (error) {
      return await this.#goBack(error, false);
    }
    await this.#advance("launching-new", {}, (trx, emit) =>
      this.#changeAttempt(trx, emit, "replace", oldAttempt, newAttempt),
    );
    return null;
  }

  async #launchNew(): Promise<null> {
    const { workspace_id: id, new_attempt: attempt } = this.#swap;
    const { active, runtime } = this.#services;
    try {
      const spec = await this.#specification();
      const launch = this.#insist(async (call) => {
        // Of a launch whose host died, or whose answer was lost.
        await this.#replacement.removeAttempt(id, attempt, call);
        await this.#noteContainer(attempt, await runtime.launch(spec, call));
      }, LAUNCH_TIMEOUT_MS);
      await active.moving(id, launch);
      this.#launches += 1;
    } catch (error) {
      // A command that is not in the image is told as a bad request, and so is a network of an ambiguous name.
      const imageFault = isRefusal(error, 400) && !isRefusal(error, 400, /^network /);
      return await this.#goBack(error, imageFault);
    }
    await this.#advance("gating");
    return null;
  }

  async #gate(): Promise<null> {
    const { workspace_id: workspaceId, new_attempt: attempt } = this.#swap;
    const { swaps, clock, times, tokens } = this.#services;
    const status = async () => (await swaps.current(this.#swap)).status;
    const subject = { workspaceId, attempt, status, unwatched: this.#launches === 0 };
    const services = { replacement: this.#replacement, clock };
    const verdict = await passGate(subject, times, services, this.#call);
    if (verdict.kind === "failed") return await this.#goBack(verdict.error, verdict.imageFault);
    if (verdict.kind === "lost") {
      if (this.#launches >= MAX_LAUNCHES) return await this.#goBack(verdict.error, false);
      await this.#advance("launching-new");
      return null;
    }
    const { digest } = this.#rollout;
    const payload = { digest, previous_digest: this.#swap.old_image_digest, attempt };
    await this.#advance("removing-old", {}, async (trx, emit) => {
      await tokens.revokeOtherAttempts(trx, { workspaceId, attempt });
      emit({ type: "WORKSPACE_IMAGE_REPLACED", workspaceId, payload });
    });
    return null;
  }

  async #removeOld(): Promise<SwapResult> {
    const { workspace_id: id, old_attempt: oldAttempt } = this.#swap;
    try {
      await this.#insist((call) => this.#replacement.removeAttempt(id, oldAttempt, call));
    } catch (error) {
      this.#call.signal.throwIfAborted();
      // The new one has passed. An older attempt that nothing owns is taken away by the sweep.
      this.#call.log.warn(`the replaced container is left to the sweep: ${messageOf(error)}`);
    }
    return await this.#finish("recreated");
  }

  /** The new container is kept until the old one runs: should that fail, an operator finds both. */
  async #stopNew(): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt, new_attempt: newAttempt } = this.#swap;
    await this.#insist((call) => this.#replacement.stopKeeping(id, newAttempt, call), null);
    const row = await this.#services.swaps.current(this.#swap);
    await this.#advance("starting-old", {}, async (trx, emit) => {
      if (row.attempt === newAttempt) await this.#changeAttempt(trx, emit, "revert", newAttempt, oldAttempt);
      await this.#services.tokens.revokeOtherAttempts(trx, { workspaceId: id, attempt: oldAttempt });
    });
    return null;
  }

  async #startOld(): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt } = this.#swap;
    const { active } = this.#services;
    try {
      const start = this.#insist(async (call) => {
        // The new attempt has written its token over the old one's, which is known only as a hash.
        const files = [tokenFile(await this.#issueToken(oldAttempt))];
        await this.#noteContainer(oldAttempt, await this.#replacement.startKept(id, oldAttempt, files, call));
      }, null);
      await active.moving(id, start);
    } catch (error) {
      this.#call.signal.throwIfAborted();
      if (error instanceof Withdrawn) throw error;
      return await this.#giveUp(error);
    }
    const payload = {
      digest: this.#rollout.digest,
      error: this.#swap.error,
      attempt: this.#swap.new_attempt,
      back_to: oldAttempt,
    };
    await this.#advance("removing-new", {}, async (trx, emit) => {
      emit({ type: "WORKSPACE_ROLLED_BACK", workspaceId: id, payload });
      await this.#services.swaps.note(trx, this.#swap, this.#result("rolled-back"));
    });
    return null;
  }

  async #removeNew(): Promise<SwapResult> {
    const { workspace_id: id, new_attempt: newAttempt } = this.#swap;
    await this.#insist((call) => this.#replacement.removeAttempt(id, newAttempt, call));
    return await this.#finish("rolled-back");
  }

  async #giveUp(error: unknown): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt, new_attempt: newAttempt } = this.#swap;
    const { stateMachine, masker, swaps } = this.#services;
    const first = this.#swap.error ?? "";
    const reason = messageOf(error);
    const told = rolloutErrors.ROLLBACK_FAILED({ oldAttempt, newAttempt, error: first, reason });
    const message = masker.mask(told.message);
    await this.#advance("stuck", { error: message }, async (trx, emit) => {
      const target = { workspaceId: id, attempt: oldAttempt };
      await stateMachine.apply(trx, emit, "fail", target, { last_sample_error: message }, (row) => ({
        error: message,
        runtime: row.runtime,
        source: "rollout",
      }));
      await swaps.note(trx, this.#swap, { ...this.#result("stuck"), error: message });
    });
    return null;
  }

  async #goBack(error: unknown, imageFault: boolean): Promise<null> {
    this.#call.signal.throwIfAborted();
    if (error instanceof Withdrawn) throw error;
    const message = this.#services.masker.mask(messageOf(error));
    this.#call.log.warn(`the new container did not pass, the old one is taken back: ${message}`);
    await this.#advance("stopping-new", { error: message, image_fault: imageFault });
    return null;
  }

  async #specification(): Promise<LaunchSpec> {
    this.#spec ??= await this.#prepareSpecification();
    return this.#spec;
  }

  async #prepareSpecification(): Promise<LaunchSpec> {
    const { preparation, swaps } = this.#services;
    const { old_attempt: oldAttempt, new_attempt: attempt } = this.#swap;
    const row = await swaps.current(this.#swap);
    const template = exactly(preparation.template(row.runtime), this.#rollout.image_id);
    const spec = await preparation.prepareNext(
      { ...row, attempt: oldAttempt },
      { attempt, template },
      this.#call,
    );
    if (spec === null) throw new Withdrawn();
    return spec;
  }

  /** @throws Withdrawn when the workspace has moved on while its container came up */
  async #noteContainer(attempt: number, launched: LaunchResult): Promise<void> {
    for (const notice of launched.notices) this.#call.log.debug(notice);
    const noted = await this.#services.database.db
      .updateTable("workspaces")
      .set({
        handle: launched.handle,
        ...(launched.url === null ? {} : { url: launched.url }),
        image_id: launched.image?.id ?? null,
        // The registry's word: by its id alone an image may be known under several.
        image_digest:
          launched.image?.id === this.#rollout.image_id ? this.#rollout.digest : this.#swap.old_image_digest,
      })
      .where("id", "=", this.#swap.workspace_id)
      .where("attempt", "=", attempt)
      .where("status", "in", ["provisioning", "online", "degraded"])
      .executeTakeFirst();
    if (noted.numUpdatedRows === 0n) throw new Withdrawn();
  }

  async #changeAttempt(
    trx: Trx,
    emit: Emit,
    name: "replace" | "revert",
    from: number,
    to: number,
  ): Promise<void> {
    const target = { workspaceId: this.#swap.workspace_id, from, to };
    const changed = await this.#services.stateMachine.changeAttempt(trx, emit, name, target);
    if (changed === null) throw new Withdrawn();
  }

  async #issueToken(attempt: number): Promise<string> {
    const { tokens, secrets, database } = this.#services;
    const workspaceId = this.#swap.workspace_id;
    const { token } = await tokens.issue(database.db, { workspaceId, attempt });
    secrets.add(workspaceId, token);
    return token;
  }

  async #advance(
    phase: SwapPhase,
    change: Parameters<SwapStore["advance"]>[3] = {},
    work?: (trx: Trx, emit: Emit, row: WorkspaceRow) => Promise<void>,
  ): Promise<void> {
    this.#swap = await this.#services.swaps.advance(this.#rollout, this.#swap, phase, change, work);
  }

  /** Tries `work` until the engine takes it; by default an engine that is away is waited for as long as it takes. */
  #insist(work: (call: RuntimeCall) => Promise<void>, timeoutMs: number | null = LAUNCH_TIMEOUT_MS) {
    return insist(work, { call: this.#call, clock: this.#services.clock, timeoutMs });
  }

  /** The workspace runs the image already: this was not known, or it was restarted meanwhile. */
  async #current(): Promise<SwapResult> {
    const { workspace_id: id, old_attempt: attempt } = this.#swap;
    const { image_id, digest } = this.#rollout;
    return await this.#finish("skipped", async (trx) => {
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
    const { tokens, masker } = this.#services;
    const { workspace_id: workspaceId, old_attempt: attempt } = this.#swap;
    const message = error === null ? null : masker.mask(messageOf(error));
    this.#swap = { ...this.#swap, error: message };
    return await this.#finish("skipped", (trx) => tokens.revokeOtherAttempts(trx, { workspaceId, attempt }));
  }

  async #finish(outcome: SwapOutcome, work?: (trx: Trx) => Promise<void>): Promise<SwapResult> {
    const result = this.#result(outcome);
    await this.#services.swaps.finish(this.#rollout, this.#swap, result, work);
    return result;
  }

  #result(outcome: SwapOutcome): SwapResult {
    const { workspace_id: id, error, image_fault: imageFault } = this.#swap;
    return { outcome, container: workspaceObjectName(id), error, imageFault };
  }

  /** What this swap has made must not outlive the workspace, nor stand beside its next attempt. */
  async #withdraw(): Promise<SwapResult> {
    const { database, runtime } = this.#services;
    const { workspace_id: id, new_attempt: newAttempt } = this.#swap;
    const row = await database.db
      .selectFrom("workspaces")
      .select(["attempt", "status"])
      .where("id", "=", id)
      .executeTakeFirst();
    const call = { signal: AbortSignal.timeout(WITHDRAW_TIMEOUT_MS), log: this.#call.log };
    const restarted = row !== undefined && row.attempt > newAttempt;
    call.log.info("the swap is given up: the workspace was deleted, restarted or paused");
    await runtime.stop(id, restarted ? { ...call, upToAttempt: newAttempt } : call);
    return await this.#finish("withdrawn");
  }
}
