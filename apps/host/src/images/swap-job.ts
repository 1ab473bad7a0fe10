import type {
  Clock,
  ContainerReplacement,
  ContainerRuntime,
  LaunchResult,
  RuntimeCall,
  SecretMasker,
} from "@molecule/core";
import { workspaceObjectName } from "../runtimes/workspace-name.js";
import type { Database } from "../storage/database.js";
import type { Emit } from "../storage/event-log.js";
import type { SwapOutcome, SwapPhase } from "../storage/image-tables.js";
import type { Trx, WorkspaceRow } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import type { EngineTurns } from "../workspaces/engine-turns.js";
import type { LaunchPreparation } from "../workspaces/launch-preparation.js";
import type { StateMachine } from "../workspaces/state-machine.js";
import type { WorkspaceSecrets } from "../workspaces/workspace-secrets.js";
import { Withdrawn, type ActiveSwaps } from "./active-swaps.js";
import type { GateTimes } from "./gate.js";
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

/** One swap: its row, and what more than one of its phases does. */
export class SwapJob {
  readonly services: SwapServices;
  readonly replacement: ContainerReplacement;
  readonly rollout: RolloutRow;
  readonly call: RuntimeCall;
  #row: SwapRow;

  constructor(
    services: SwapServices,
    replacement: ContainerReplacement,
    rollout: RolloutRow,
    row: SwapRow,
    call: RuntimeCall,
  ) {
    this.services = services;
    this.replacement = replacement;
    this.rollout = rollout;
    this.#row = row;
    this.call = call;
  }

  /** As it was last written. */
  get row(): SwapRow {
    return this.#row;
  }

  /** Throws `error`, or the reason of the call's signal, where that ends the swap or leaves it to somebody else. */
  rethrowEnd(error: unknown): void {
    this.call.signal.throwIfAborted();
    if (error instanceof Withdrawn) throw error;
  }

  /** Goes into a phase; `work` is done in the same transaction. */
  async advance(
    phase: SwapPhase,
    change: Parameters<SwapStore["advance"]>[3] = {},
    work?: (trx: Trx, emit: Emit, row: WorkspaceRow) => Promise<void>,
  ): Promise<void> {
    this.#row = await this.services.swaps.advance(this.rollout, this.#row, phase, change, work);
  }

  /** Tries `work` until the engine takes it; by default an engine that is away is waited for as long as it takes. */
  insist(work: (call: RuntimeCall) => Promise<void>, timeoutMs: number | null = LAUNCH_TIMEOUT_MS) {
    return insist(work, { call: this.call, clock: this.services.clock, timeoutMs });
  }

  /** @throws Withdrawn when the workspace has moved on while its container came up */
  async noteContainer(attempt: number, launched: LaunchResult): Promise<void> {
    for (const notice of launched.notices) this.call.log.debug(notice);
    const noted = await this.services.database.db
      .updateTable("workspaces")
      .set({
        handle: launched.handle,
        ...(launched.url === null ? {} : { url: launched.url }),
        image_id: launched.image?.id ?? null,
        // The registry's word: by its id alone an image may be known under several.
        image_digest:
          launched.image?.id === this.rollout.image_id ? this.rollout.digest : this.#row.old_image_digest,
      })
      .where("id", "=", this.#row.workspace_id)
      .where("attempt", "=", attempt)
      .where("status", "in", ["provisioning", "online", "degraded"])
      .executeTakeFirst();
    if (noted.numUpdatedRows === 0n) throw new Withdrawn();
  }

  async changeAttempt(
    trx: Trx,
    emit: Emit,
    name: "replace" | "revert",
    from: number,
    to: number,
  ): Promise<void> {
    const target = { workspaceId: this.#row.workspace_id, from, to };
    const changed = await this.services.stateMachine.changeAttempt(trx, emit, name, target);
    if (changed === null) throw new Withdrawn();
  }

  /** Ends the swap, by default with the error of its row; `work` is done in the same transaction. */
  async finish(
    outcome: SwapOutcome,
    work?: (trx: Trx) => Promise<void>,
    error: string | null = this.#row.error,
  ): Promise<SwapResult> {
    const result = this.result(outcome, error);
    await this.services.swaps.finish(this.rollout, this.#row, result, work);
    return result;
  }

  result(outcome: SwapOutcome, error: string | null = this.#row.error): SwapResult {
    const { workspace_id: id, image_fault: imageFault } = this.#row;
    return { outcome, container: workspaceObjectName(id), error, imageFault };
  }
}
