import { sql } from "kysely";
import {
  messageOf,
  type BackgroundLoop,
  type ContainerRuntime,
  type Logger,
  type Presence,
  type RuntimeCall,
  type SweepLease,
} from "@molecule/core";
import { untilAborted } from "../runtimes/abortable.js";
import type { Database } from "../storage/database.js";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { EngineCleanup } from "./engine-cleanup.js";
import type { WorkspacePausing } from "./pausing.js";
import type { Provisioner } from "./provisioner.js";
import type { SecretRestarts } from "./secret-restarts.js";
import type { StateMachine } from "./state-machine.js";
import { assertLease } from "./sweeps/sweep-lease.js";

/** What recovery works with. */
export interface RecoveryServices {
  readonly database: Database;
  readonly events: EventLog;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly cleanup: EngineCleanup;
  readonly pausing: WorkspacePausing;
  readonly secretRestarts: Pick<SecretRestarts, "forgotten">;
  readonly runtime: ContainerRuntime;
  /** Of this host, kept in its data folder: what it claimed before belongs to a process that is gone. */
  readonly hostId: string;
  readonly log: Logger;
}

/** Ms at boot for asking the engine after workspaces. */
const OBSERVE_TIMEOUT_MS = 10_000;

const LOOP = "workspace-recovery";
/** At boot there is no lease: what is taken up is this host's own, or nobody's any more. */
const NO_LEASE: SweepLease = { loop: LOOP, fence: null };

/** What one pass may do, and under which lease. */
interface Pass {
  /** Ends the pass; the engine's part of what it has begun has a budget of its own. */
  readonly signal: AbortSignal;
  /** Ends the asking after workspaces. */
  readonly observing: AbortSignal;
  readonly lease: SweepLease;
  /** Whether claims of this host itself are taken up. */
  readonly ownClaims: boolean;
}

type KnownPresence = Exclude<Presence, { readonly state: "unknown" }>;

/** Sets right what a host left behind that died: unfinished provisions, pauses and cleanups, lost processes. */
export class WorkspaceRecovery {
  readonly #services: RecoveryServices;
  readonly #stopping = new AbortController();
  #booting: Promise<void> = Promise.resolve();

  constructor(services: RecoveryServices) {
    this.#services = services;
  }

  /** The loop that goes on with it, for hosts that died elsewhere and for an engine that was away. */
  loop(): BackgroundLoop {
    return {
      name: LOOP,
      intervalMs: 30_000,
      jitter: 0.1,
      timeoutMs: 120_000,
      singleton: true,
      tick: async ({ signal, fence, dryRun }) => {
        const pass = { signal, observing: signal, lease: { loop: LOOP, fence }, ownClaims: false };
        return dryRun ? this.#dryPass(pass) : this.#pass(pass);
      },
    };
  }

  /** The pass at boot, when no provision of this host can be running. Never rejects: the loop goes on with what fails. */
  atBoot(): Promise<void> {
    this.#booting = this.#bootPass().catch((error: unknown) => {
      const { log } = this.#services;
      if (this.#stopping.signal.aborted) return;
      log.error(`recovery after boot failed, the recovery loop goes on with it: ${messageOf(error)}`);
    });
    return this.#booting;
  }

  /** Gives the pass at boot up and resolves when it has ended; the next boot goes on with it. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the host stops"));
    await this.#booting;
  }

  async #bootPass(): Promise<void> {
    const { signal } = this.#stopping;
    const observing = AbortSignal.any([signal, AbortSignal.timeout(OBSERVE_TIMEOUT_MS)]);
    await this.#restartLostProcesses();
    const outcome = await this.#pass({ signal, observing, lease: NO_LEASE, ownClaims: true });
    if (outcome !== undefined) this.#services.log.info(`recovered after the last stop: ${outcome}`);
  }

  /** @throws SWEEP_LEASE_LOST, the reason of the pass's end */
  async #pass(pass: Pass): Promise<string | undefined> {
    const { database, pausing, cleanup, secretRestarts } = this.#services;
    const { signal } = pass;
    const resumed = await this.#resumeProvisions(pass);
    signal.throwIfAborted();
    // What follows is guarded by rows and by turns on each workspace; a host that woke up late leaves it to the other.
    await assertLease(database.db, pass.lease);
    const restarted = await secretRestarts.forgotten();
    const stopped = await untilAborted(signal, pausing.stopPending());
    const pending = await cleanup.allPending();
    await assertLease(database.db, pass.lease);
    const outcomes = await untilAborted(signal, cleanup.run(pending));
    const cleaned = outcomes.filter((each) => each.stopError === null && each.volumeError === null).length;
    return told({ resumed, restarted, stopped, cleaned, pending: pending.length });
  }

  /** Counts what a pass would do; of the engine's part, that it would be tried. */
  async #dryPass(pass: Pass): Promise<string | undefined> {
    const { pausing, cleanup, secretRestarts } = this.#services;
    let resumed = 0;
    for (const row of await this.#abandoned(pass)) {
      if ((await this.#observe(row, pass.signal)) !== null) resumed += 1;
    }
    const restarted = await secretRestarts.forgotten({ dryRun: true });
    const stopped = await pausing.stopPending({ dryRun: true });
    const pending = (await cleanup.allPending()).length;
    const parts = told({ resumed, restarted, stopped, cleaned: pending, pending });
    return parts === undefined ? undefined : `would be: ${parts}`;
  }

  /** Takes over provisions that nobody works on any more. */
  async #resumeProvisions(pass: Pass): Promise<number> {
    let resumed = 0;
    for (const row of await this.#abandoned(pass)) {
      if (await this.#resume(row, pass)) resumed += 1;
    }
    return resumed;
  }

  /** Provisions whose claim was given up or has run out or, at boot, is this host's own. */
  async #abandoned(pass: Pass): Promise<WorkspaceRow[]> {
    const { database, hostId, provisioner } = this.#services;
    const abandoned = await database.db
      .selectFrom("workspaces")
      .selectAll()
      .where("status", "=", "provisioning")
      .where("provision_claim_expires_at", "is not", null)
      .where((where) =>
        where.or([
          where("provision_claim_expires_at", "<", sql<Date>`now()`),
          ...(pass.ownClaims ? [where("provision_host", "=", hostId)] : []),
        ]),
      )
      .execute();
    return abandoned.filter((each) => !provisioner.isRunning(each.id));
  }

  /** What the engine has of a workspace; null: nothing is known, and its provision waits. */
  async #observe({ id }: WorkspaceRow, signal: AbortSignal): Promise<KnownPresence | null> {
    const { runtime, log } = this.#services;
    const call: RuntimeCall = { signal, log: log.child({ workspaceId: id }) };
    const presence = await runtime.observe(id, call);
    if (presence.state !== "unknown") return presence;
    call.log.warn(`an unfinished provision waits: nothing is known of its container: ${presence.reason}`);
    return null;
  }

  async #resume(row: WorkspaceRow, { observing, lease }: Pass): Promise<boolean> {
    const { database } = this.#services;
    const presence = await this.#observe(row, observing);
    if (presence === null) return false;
    if (presence.state === "present" && presence.running && presence.attempt === row.attempt) {
      // The container came up before its host died, or the engine: all that is left is for its agent to register.
      const { handle, url } = presence;
      await database.db.transaction().execute(async (trx) => {
        await assertLease(trx, lease);
        await trx
          .updateTable("workspaces")
          .set({
            handle,
            ...(url === null ? {} : { url }),
            provision_host: null,
            provision_claim_expires_at: null,
          })
          .where("id", "=", row.id)
          .where("attempt", "=", row.attempt)
          .where("status", "=", "provisioning")
          .execute();
      });
      return true;
    }
    // Given up and not lost: it is the engine that keeps it waiting, and its deadline stands.
    return this.#reprovision(row, "provisioning", lease, { keepDeadline: row.provision_host === null });
  }

  /** Local processes end with their host: what they were is started again. */
  async #restartLostProcesses(): Promise<void> {
    const { database, events, stateMachine, runtime, hostId } = this.#services;
    if (runtime.kind !== "process") return;
    const lost = await database.db
      .selectFrom("workspaces")
      .selectAll()
      .where("handle", "like", `${hostId}/%`)
      .where("status", "in", ["online", "degraded", "provisioning"])
      .where("provision_host", "is", null)
      .execute();
    for (const row of lost) {
      if (row.status !== "provisioning") {
        await events.transact((trx, emit) =>
          stateMachine.apply(
            trx,
            emit,
            "lose",
            { workspaceId: row.id, attempt: row.attempt },
            {},
            () => ({}),
          ),
        );
      }
      await this.#reprovision(row, row.status === "provisioning" ? "provisioning" : "offline", NO_LEASE);
    }
  }

  /** @param status that it must still have: it may have been paused since it was looked at, to stay so */
  async #reprovision(
    row: WorkspaceRow,
    status: "provisioning" | "offline",
    lease: SweepLease,
    options: { readonly keepDeadline?: boolean } = {},
  ): Promise<boolean> {
    const { events, stateMachine, provisioner } = this.#services;
    const next = await events.transact(async (trx, emit) => {
      await assertLease(trx, lease);
      const target = { workspaceId: row.id, attempt: row.attempt, status };
      return stateMachine.reprovision(trx, emit, target, options);
    });
    if (next === null) return false;
    provisioner.start(next);
    return true;
  }
}

function told(count: {
  readonly resumed: number;
  readonly restarted: number;
  readonly stopped: number;
  readonly cleaned: number;
  readonly pending: number;
}): string | undefined {
  const { resumed, restarted, stopped, cleaned, pending } = count;
  const parts = [
    ...(resumed === 0 ? [] : [`${resumed} provision(s) resumed`]),
    ...(restarted === 0 ? [] : [`${restarted} workspace(s) restarted with what was changed`]),
    ...(stopped === 0 ? [] : [`${stopped} paused workspace(s) stopped`]),
    ...(pending === 0 ? [] : [`${cleaned} of ${pending} removed workspace(s) cleaned up`]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
