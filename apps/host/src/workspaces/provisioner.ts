import { sql } from "kysely";
import {
  isCodedError,
  messageOf,
  type Clock,
  type ContainerRuntime,
  type LaunchSpec,
  type Logger,
  type RuntimeCall,
  type SecretMasker,
} from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { ActiveSwaps } from "../images/active-swaps.js";
import type { ProvisionRun } from "../metrics/workspace-metrics.js";
import { isEngineAway } from "../runtimes/engine-away.js";
import type { Database } from "../storage/database.js";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import type { StateMachine } from "./state-machine.js";
import type { EngineTurns } from "./engine-turns.js";
import { PluginFailure } from "./plugin-failure.js";
import { Limiter } from "./limiter.js";
import type { LaunchPreparation } from "./launch-preparation.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";
import { markLeftover } from "./sweeps/leftovers.js";

/** Ms for bringing one workspace up in the engine. */
const PROVISION_TIMEOUT_MS = 3 * 60_000;
/** Ms for taking back what a provision that lost its row has started. */
const UNDO_TIMEOUT_MS = 30_000;

/** What the provisioner works with. */
export interface ProvisionerServices {
  readonly database: Database;
  readonly events: EventLog;
  readonly stateMachine: StateMachine;
  readonly tokens: TokenStore;
  readonly preparation: LaunchPreparation;
  /** A swap of the workspace gets out of the way of whatever is asked of it. */
  readonly swaps: ActiveSwaps;
  readonly runtime: ContainerRuntime;
  readonly turns: EngineTurns;
  readonly secrets: Pick<WorkspaceSecrets, "replaced">;
  readonly masker: SecretMasker;
  readonly clock: Clock;
  readonly log: Logger;
  /** Provisions at a time; more only adds latency in the engine. */
  readonly concurrency: number;
  /** Told of each provision that has ended, for metrics. */
  readonly onProvision: (run: ProvisionRun) => void;
}

interface Running {
  readonly attempt: number;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

/** Brings workspaces up, detached from the requests that asked for it. */
export class Provisioner {
  readonly #services: ProvisionerServices;
  readonly #limiter: Limiter;
  readonly #running = new Map<string, Running>();

  constructor(services: ProvisionerServices) {
    this.#services = services;
    this.#limiter = new Limiter(services.concurrency);
  }

  /** Starts the provision of the row's attempt; one of an earlier attempt is given up and waited for. */
  start(row: WorkspaceRow): void {
    // Two restarts at once may get here in another order than their rows were written in: the later attempt stands.
    if ((this.#running.get(row.id)?.attempt ?? 0) > row.attempt) return;
    const controller = new AbortController();
    const earlier = this.cancel(row.id);
    const done = earlier
      .then(() => this.#limiter.run(() => this.#provision(row, controller.signal), controller.signal))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) throw error;
        this.#calledOffInLine(row, error);
      })
      .finally(() => {
        if (this.#running.get(row.id) === running) this.#running.delete(row.id);
      });
    const running: Running = { attempt: row.attempt, controller, done };
    this.#running.set(row.id, running);
  }

  /** Resolves when no provision of the workspace runs on this host, and no swap brings a container of it up. */
  async settled(workspaceId: string): Promise<void> {
    await this.#running.get(workspaceId)?.done;
    await this.#services.swaps.settled(workspaceId);
  }

  /** Whether a provision of the workspace runs on this host. */
  isRunning(workspaceId: string): boolean {
    return this.#running.has(workspaceId);
  }

  /**
   * Gives the workspace's provision or swap up and resolves when it has ended.
   * @param upToAttempt leaves a later provision alone
   */
  async cancel(workspaceId: string, upToAttempt = Infinity): Promise<void> {
    const running = this.#running.get(workspaceId);
    if ((running?.attempt ?? 0) > upToAttempt) return;
    running?.controller.abort(new Error("the provision was superseded"));
    await Promise.all([running?.done, this.#services.swaps.withdraw(workspaceId)]);
  }

  /** Gives every provision up and resolves when all have ended; the next boot resumes them. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  /** Never rejects: every failure ends in the row, the event and the log. An engine that is away is none. */
  async #provision(row: WorkspaceRow, cancelled: AbortSignal): Promise<void> {
    const { log, clock } = this.#services;
    const started = clock.monotonic();
    const bound = new AbortController();
    const cancelTimer = clock.timer(() => {
      bound.abort(workspaceErrors.PROVISION_TIMED_OUT({ seconds: PROVISION_TIMEOUT_MS / 1000 }));
    }, PROVISION_TIMEOUT_MS);
    const call: RuntimeCall = {
      signal: AbortSignal.any([cancelled, bound.signal]),
      log: log.child({ workspaceId: row.id, attempt: row.attempt }),
    };
    let outcome: ProvisionRun["outcome"] = "superseded";
    try {
      const spec = await this.#services.preparation.prepare(row, call);
      if (spec === null) return;
      const launched = await this.#services.turns.run(row.id, call.signal, (signal) =>
        this.#launch(row, spec, { ...call, signal }),
      );
      if (launched) outcome = "launched";
      call.log.info(`workspace launched: ${row.name}`, { ms: Math.round(clock.monotonic() - started) });
    } catch (error) {
      // A provision that was called off leaves its row to whoever called it off.
      if (cancelled.aborted) call.log.info("provision called off", { reason: messageOf(cancelled.reason) });
      else if (!bound.signal.aborted && isEngineAway(error)) {
        outcome = "postponed";
        await this.#postpone(row, error, call.log);
      } else {
        outcome = "failed";
        await this.#fail(row, bound.signal.aborted ? bound.signal.reason : error, call.log);
      }
    } finally {
      cancelTimer();
      const durationMs = clock.monotonic() - started;
      this.#services.onProvision({ runtime: row.runtime, outcome, durationMs });
    }
  }

  /** As {@link #provision} ends one that was called off, for one that had not begun. */
  #calledOffInLine({ id: workspaceId, attempt, runtime }: WorkspaceRow, reason: unknown): void {
    const { log, onProvision } = this.#services;
    log.child({ workspaceId, attempt }).info("provision called off", { reason: messageOf(reason) });
    onProvision({ runtime, outcome: "superseded", durationMs: 0 });
  }

  /** @returns false when the workspace had moved on meanwhile and the container was taken back */
  async #launch(row: WorkspaceRow, spec: LaunchSpec, call: RuntimeCall): Promise<boolean> {
    const { database, runtime, secrets } = this.#services;
    call.signal.throwIfAborted();
    const launched = await runtime.launch(spec, call);
    secrets.replaced(row.id);
    for (const notice of launched.notices) call.log.warn(notice);
    const current = await database.db
      .updateTable("workspaces")
      .set({
        handle: launched.handle,
        ...(launched.url === null ? {} : { url: launched.url }),
        image_id: launched.image?.id ?? null,
        image_digest: launched.image?.digest ?? null,
        provision_host: null,
        provision_claim_expires_at: null,
        reset_session: false,
        updated_at: sql`now()`,
      })
      .where("id", "=", row.id)
      .where("attempt", "=", row.attempt)
      .where("status", "in", ["provisioning", "online", "degraded"])
      .executeTakeFirst();
    if (current.numUpdatedRows > 0n) return true;
    await this.#undo(row, call.log);
    return false;
  }

  /** Takes a container back whose workspace was deleted or restarted while it came up. */
  async #undo(row: WorkspaceRow, log: Logger): Promise<void> {
    log.info("the workspace has moved on while its container came up; the container is taken back");
    const signal = AbortSignal.timeout(UNDO_TIMEOUT_MS);
    await this.#services.runtime.stop(row.id, { signal, log, upToAttempt: row.attempt });
  }

  /** Gives the claim up: the recovery loop goes on with the provision when the engine answers, until its deadline. */
  async #postpone(row: WorkspaceRow, reason: unknown, log: Logger): Promise<void> {
    log.warn(`provision postponed until the engine is back: ${messageOf(reason)}`);
    try {
      await this.#services.database.db
        .updateTable("workspaces")
        .set({
          last_sample_error: this.#services.masker.mask(messageOf(reason)),
          provision_host: null,
          // Long ago, and so also where somebody sets the clock back.
          provision_claim_expires_at: sql<Date>`'epoch'`,
          updated_at: sql`now()`,
        })
        .where("id", "=", row.id)
        .where("attempt", "=", row.attempt)
        .where("status", "=", "provisioning")
        .execute();
    } catch (storageError) {
      // It goes on all the same, when the claim has run out.
      log.error(`the claim could not be given up: ${messageOf(storageError)}`);
    }
  }

  async #fail(row: WorkspaceRow, thrown: unknown, log: Logger): Promise<void> {
    const { events, stateMachine, tokens, masker } = this.#services;
    const { code, ...failure } = asProvisionFailure(thrown);
    log.warn(`provision failed: ${messageOf(thrown)}`, { code });
    const message = masker.mask(failure.message);
    try {
      await events.transact(async (trx, emit) => {
        const failed = await stateMachine.apply(
          trx,
          emit,
          "fail",
          { workspaceId: row.id, attempt: row.attempt },
          { last_sample_error: message, provision_host: null, provision_claim_expires_at: null },
          () => ({ error: message, runtime: row.runtime, ...failure.details }),
        );
        // Nothing runs that has the token: an agent that comes later by itself must not be asked for it.
        if (failed === null) return;
        await tokens.revokeAll(trx, [row.id]);
        await markLeftover(trx, { workspaceId: row.id, attempt: row.attempt });
      });
    } catch (storageError) {
      // The claim stays, so that recovery takes the provision up when storage is back.
      log.error(`the failure could not be recorded: ${messageOf(storageError)}`);
    }
  }
}

/** What a caller may see: a coded error's text is made for that, anything else stays in the log. */
function asProvisionFailure(thrown: unknown): {
  readonly code: string;
  readonly message: string;
  /** What the event says beside that. */
  readonly details: { readonly missing?: unknown; readonly plugin?: string };
} {
  if (thrown instanceof PluginFailure) {
    const { plugin, message, error } = thrown;
    return { code: error.code, message, details: { plugin } };
  }
  const { code, message, details } = isCodedError(thrown) ? thrown : workspaceErrors.PROVISION_FAILED({});
  return { code, message, details: details.missing === undefined ? {} : { missing: details.missing } };
}
