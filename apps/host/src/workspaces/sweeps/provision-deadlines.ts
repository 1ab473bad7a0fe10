import type {
  AttemptOfWorkspace,
  ContainerRuntime,
  LeftoverProvision,
  PendingProvision,
  ProvisionDeadlines,
  RuntimeCall,
  SweepLease,
} from "@molecule/core";
import { sql, type Expression } from "kysely";
import type { EventLog, NewEvent } from "../../storage/event-log.js";
import type { Executor } from "../../storage/schema.js";
import { notInSwap } from "../../storage/swap-ownership.js";
import type { TokenStore } from "../../storage/token-store.js";
import type { StateMachine } from "../state-machine.js";
import { markLeftover } from "./leftovers.js";
import { assertLease } from "./sweep-lease.js";

/** What the deadlines work with. */
export interface DeadlineServices {
  readonly db: Executor;
  readonly events: EventLog;
  readonly tokens: TokenStore;
  readonly stateMachine: StateMachine;
  readonly runtime: ContainerRuntime;
  /** `PROVISION_TIMEOUT_SECONDS`, or null. */
  readonly overrideSeconds: number | null;
  readonly declaredSeconds: (runtime: string) => number | null;
}

/** Provisions that run, and what is left of those that failed. */
export class StoredProvisionDeadlines implements ProvisionDeadlines {
  readonly #services: DeadlineServices;

  constructor(services: DeadlineServices) {
    this.#services = services;
  }

  get overrideSeconds(): number | null {
    return this.#services.overrideSeconds;
  }

  declaredSeconds(runtime: string): number | null {
    return this.#services.declaredSeconds(runtime);
  }

  async pending(): Promise<{ readonly now: number; readonly provisions: readonly PendingProvision[] }> {
    const { db } = this.#services;
    const rows = await db
      .selectFrom(
        db.selectNoFrom(sql<number>`extract(epoch from now())::float8 * 1000`.as("now")).as("clock"),
      )
      // The time is told also where nothing is pending.
      .leftJoin(
        (pending) =>
          pending
            .selectFrom("workspaces")
            .select([
              "id as workspaceId",
              "attempt",
              "runtime",
              sql<number>`extract(epoch from provisioning_started_at)::float8 * 1000`.as("startedAt"),
              secondsSince(sql.ref("provisioning_started_at")).as("ageSeconds"),
            ])
            .where("status", "=", "provisioning")
            .where("provisioning_started_at", "is not", null)
            .where(notInSwap)
            .as("pending"),
        (join) => join.onTrue(),
      )
      .selectAll()
      .execute();
    // There is always a row: the clock's.
    const now = rows[0]?.now ?? NaN;
    return { now, provisions: rows.flatMap(({ now: _now, ...row }) => (isProvision(row) ? [row] : [])) };
  }

  async timeOut(
    provision: AttemptOfWorkspace,
    failure: { readonly error: string; readonly timeoutSeconds: number; readonly source: string },
    lease: SweepLease,
  ): Promise<boolean> {
    const { events, tokens, stateMachine } = this.#services;
    const { error, timeoutSeconds, source } = failure;
    return await events.transact(async (trx, emit) => {
      await assertLease(trx, lease);
      const told: NewEvent[] = [];
      const failed = await stateMachine.apply(
        trx,
        (event) => void told.push(event),
        "fail",
        provision,
        { last_sample_error: error, provision_host: null, provision_claim_expires_at: null },
        ({ runtime }) => ({ error, timeout_secs: timeoutSeconds, runtime, source }),
      );
      if (failed === null) return false;
      // Its container is about to be stopped: whoever registers with its token now would be online without one.
      await tokens.revokeAll(trx, [provision.workspaceId]);
      await markLeftover(trx, provision);
      for (const event of told) {
        emit({ ...event, type: "WORKSPACE_PROVISION_TIMEOUT" });
        emit(event);
      }
      return true;
    });
  }

  async leftovers(): Promise<readonly LeftoverProvision[]> {
    return await this.#services.db
      .selectFrom("workspace_sweeps")
      .select([
        "workspace_id as workspaceId",
        "leftover_attempt as attempt",
        secondsSince(sql.ref("leftover_since")).as("ageSeconds"),
      ])
      .where("leftover_attempt", "is not", null)
      .$narrowType<{ attempt: number }>()
      .execute();
  }

  async stopLeftover(provision: AttemptOfWorkspace, call: RuntimeCall, lease: SweepLease): Promise<void> {
    const { db, runtime } = this.#services;
    const { workspaceId, attempt } = provision;
    await assertLease(db, lease);
    const failed = await db
      .selectFrom("workspaces")
      .select("id")
      .where("id", "=", workspaceId)
      .where("attempt", "=", attempt)
      .where("status", "=", "failed")
      .executeTakeFirst();
    if (failed === undefined) await this.forgetLeftover(provision, lease);
    else await runtime.stop(workspaceId, { ...call, upToAttempt: attempt });
  }

  async forgetLeftover({ workspaceId, attempt }: AttemptOfWorkspace, lease: SweepLease): Promise<void> {
    await this.#services.db.transaction().execute(async (trx) => {
      await assertLease(trx, lease);
      await trx
        .updateTable("workspace_sweeps")
        .set({ leftover_attempt: null, leftover_since: null })
        .where("workspace_id", "=", workspaceId)
        .where("leftover_attempt", "=", attempt)
        .execute();
    });
  }
}

function secondsSince(time: Expression<unknown>) {
  return sql<number>`extract(epoch from now() - ${time})::float8`;
}

/** Not the clock alone. */
function isProvision(row: {
  readonly [Field in keyof PendingProvision]: PendingProvision[Field] | null;
}): row is PendingProvision {
  return row.workspaceId !== null;
}
