import { messageOf } from "@molecule/core";
import { rolloutErrors } from "../errors/rollouts.js";
import { tokenFile } from "../workspaces/launch-files.js";
import type { SwapJob } from "./swap-job.js";
import type { SwapResult } from "./swap-store.js";

/** The phases that bring the old container back where the new one did not pass. */
export class SwapWayBack {
  readonly #job: SwapJob;

  constructor(job: SwapJob) {
    this.#job = job;
  }

  /**
   * Gives the new container up.
   * @param imageFault whether its image is to blame
   * @throws what ends the swap, see {@link SwapJob.rethrowEnd}
   */
  async begin(error: unknown, imageFault: boolean): Promise<null> {
    this.#job.rethrowEnd(error);
    const message = this.#job.services.masker.mask(messageOf(error));
    this.#job.call.log.warn(`the new container did not pass, the old one is taken back: ${message}`);
    await this.#job.advance("stopping-new", { error: message, image_fault: imageFault });
    return null;
  }

  /** The new container is kept until the old one runs: should that fail, an operator finds both. */
  async stopNew(): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt, new_attempt: newAttempt } = this.#job.row;
    await this.#job.insist((call) => this.#job.replacement.stopKeeping(id, newAttempt, call), null);
    const row = await this.#job.services.swaps.current(this.#job.row);
    await this.#job.advance("starting-old", {}, async (trx, emit) => {
      if (row.attempt === newAttempt)
        await this.#job.changeAttempt(trx, emit, "revert", newAttempt, oldAttempt);
      await this.#job.services.tokens.revokeOtherAttempts(trx, { workspaceId: id, attempt: oldAttempt });
    });
    return null;
  }

  async startOld(): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt } = this.#job.row;
    const { active } = this.#job.services;
    try {
      const start = this.#job.insist(async (call) => {
        // The new attempt has written its token over the old one's, which is known only as a hash.
        const files = [tokenFile(await this.#issueToken(oldAttempt))];
        await this.#job.noteContainer(
          oldAttempt,
          await this.#job.replacement.startKept(id, oldAttempt, files, call),
        );
      }, null);
      await active.moving(id, start);
    } catch (error) {
      this.#job.rethrowEnd(error);
      return await this.#giveUp(error);
    }
    const payload = {
      digest: this.#job.rollout.digest,
      error: this.#job.row.error,
      attempt: this.#job.row.new_attempt,
      back_to: oldAttempt,
    };
    await this.#job.advance("removing-new", {}, async (trx, emit) => {
      emit({ type: "WORKSPACE_ROLLED_BACK", workspaceId: id, payload });
      await this.#job.services.swaps.note(trx, this.#job.row, this.#job.result("rolled-back"));
    });
    return null;
  }

  async removeNew(): Promise<SwapResult> {
    const { workspace_id: id, new_attempt: newAttempt } = this.#job.row;
    await this.#job.insist((call) => this.#job.replacement.removeAttempt(id, newAttempt, call));
    return await this.#job.finish("rolled-back");
  }

  async #giveUp(error: unknown): Promise<null> {
    const { workspace_id: id, old_attempt: oldAttempt, new_attempt: newAttempt } = this.#job.row;
    const { stateMachine, masker, swaps } = this.#job.services;
    const first = this.#job.row.error ?? "";
    const reason = messageOf(error);
    const told = rolloutErrors.ROLLBACK_FAILED({ oldAttempt, newAttempt, error: first, reason });
    const message = masker.mask(told.message);
    await this.#job.advance("stuck", { error: message }, async (trx, emit) => {
      const target = { workspaceId: id, attempt: oldAttempt };
      await stateMachine.apply(trx, emit, "fail", target, { last_sample_error: message }, (row) => ({
        error: message,
        runtime: row.runtime,
        source: "rollout",
      }));
      await swaps.note(trx, this.#job.row, this.#job.result("stuck", message));
    });
    return null;
  }

  async #issueToken(attempt: number): Promise<string> {
    const { tokens, secrets, database } = this.#job.services;
    const workspaceId = this.#job.row.workspace_id;
    const { token } = await tokens.issue(database.db, { workspaceId, attempt });
    secrets.add(workspaceId, token);
    return token;
  }
}
