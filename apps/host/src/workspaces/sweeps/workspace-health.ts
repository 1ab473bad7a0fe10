import {
  isCodedError,
  type AttemptOfWorkspace,
  type ContainerRuntime,
  type SweepLease,
  type WatchedWorkspace,
  type WorkspaceHealth,
} from "@molecule/core";
import { sql, type Expression } from "kysely";
import type { EventLog } from "../../storage/event-log.js";
import type { Executor, Trx } from "../../storage/schema.js";
import { notInSwap } from "../../storage/swap-ownership.js";
import type { WorkspaceRestart } from "../restart.js";
import type { StateMachine } from "../state-machine.js";
import { assertLease } from "./sweep-lease.js";

/** What the health of workspaces works with. */
export interface HealthServices {
  readonly db: Executor;
  readonly events: EventLog;
  readonly stateMachine: StateMachine;
  readonly restart: WorkspaceRestart;
  readonly runtime: ContainerRuntime;
  /** Of this host. */
  readonly hostId: string;
}

/** The next automatic restart of a workspace. */
interface Plan {
  readonly restarts: number;
  readonly delayMs: number;
}

/** Which workspaces should have a living agent, and what to do about those that have none. */
export class StoredWorkspaceHealth implements WorkspaceHealth {
  readonly #services: HealthServices;

  constructor(services: HealthServices) {
    this.#services = services;
  }

  async watched(): Promise<{ readonly now: number; readonly workspaces: readonly WatchedWorkspace[] }> {
    const { db, runtime, hostId } = this.#services;
    const rows = await db
      .selectFrom("workspaces")
      .leftJoin("workspace_sweeps", "workspace_sweeps.workspace_id", "workspaces.id")
      .select([
        "workspaces.id",
        "workspaces.status",
        "workspaces.attempt",
        "workspaces.external",
        "workspaces.url",
        "workspaces.handle",
        sql<boolean>`not ${notInSwap}`.as("inRollout"),
        sql<boolean>`workspaces.provision_claim_expires_at is not null`.as("launching"),
        msSince(sql`coalesce(workspaces.last_heartbeat_at, workspaces.created_at)`).as("heartbeatAgeMs"),
        sql<number>`coalesce(workspace_sweeps.restarts, 0)`.as("restarts"),
        sql<number | null>`-${msSince(sql.ref("workspace_sweeps.restart_at"))}`.as("restartDueInMs"),
        sql<number | null>`${msSince(sql.ref("workspace_sweeps.restarted_at"))}`.as("sinceRestartMs"),
        sql<number>`extract(epoch from now())::float8 * 1000`.as("now"),
      ])
      .where("workspaces.status", "in", ["provisioning", "online", "degraded", "offline"])
      .$narrowType<{ status: WatchedWorkspace["status"] }>()
      .execute();
    return {
      now: rows[0]?.now ?? 0,
      workspaces: rows.map(({ id, handle, now: _now, ...row }) => ({
        ...row,
        workspaceId: id,
        visible: runtime.kind !== "process" || handle === null || handle.startsWith(`${hostId}/`),
      })),
    };
  }

  async lose(workspace: AttemptOfWorkspace, plan: Plan | null, lease: SweepLease): Promise<boolean> {
    const { events, stateMachine } = this.#services;
    return await events.transact(async (trx, emit) => {
      await assertLease(trx, lease);
      const lost = await stateMachine.apply(trx, emit, "lose", workspace, {}, () => ({}));
      if (lost === null) return false;
      if (plan !== null) await writePlan(trx, workspace, plan);
      return true;
    });
  }

  async planRestart(workspace: AttemptOfWorkspace, plan: Plan, lease: SweepLease): Promise<boolean> {
    const { workspaceId, attempt } = workspace;
    return await this.#services.db.transaction().execute(async (trx) => {
      await assertLease(trx, lease);
      const lost = await trx
        .selectFrom("workspaces")
        .select("id")
        .where("id", "=", workspaceId)
        .where("attempt", "=", attempt)
        .where("status", "=", "provisioning")
        .forUpdate()
        .executeTakeFirst();
      if (lost === undefined) return false;
      await writePlan(trx, workspace, plan);
      return true;
    });
  }

  async restart(
    { workspaceId, attempt, status }: AttemptOfWorkspace & Pick<WatchedWorkspace, "status">,
    lease: SweepLease,
  ): Promise<boolean> {
    const { db, restart } = this.#services;
    const wasProvisioning = status === "provisioning";
    await db.transaction().execute(async (trx) => {
      await assertLease(trx, lease);
      // Before the restart: should this host die in between, the next one is late rather than doubled.
      const done = { restart_at: null, restarted_at: sql<Date>`now()` };
      await trx
        .insertInto("workspace_sweeps")
        .values({ workspace_id: workspaceId, ...done })
        .onConflict((conflict) => conflict.column("workspace_id").doUpdateSet(done))
        .execute();
    });
    try {
      await restart.restart(workspaceId, {
        attempt,
        status: wasProvisioning ? "provisioning" : "offline",
        keepDeadline: wasProvisioning,
      });
      return true;
    } catch (error) {
      if (isCodedError(error) && error.code === "WORKSPACE_NOT_FOUND") return false;
      throw error;
    }
  }

  async moveUrl(
    { workspaceId, attempt }: AttemptOfWorkspace,
    url: { readonly from: string; readonly to: string },
    lease: SweepLease,
  ): Promise<boolean> {
    return await this.#services.db.transaction().execute(async (trx) => {
      await assertLease(trx, lease);
      const moved = await trx
        .updateTable("workspaces")
        .set({ url: url.to, updated_at: sql`now()` })
        .where("id", "=", workspaceId)
        .where("attempt", "=", attempt)
        .where("url", "=", url.from)
        .where("status", "in", ["provisioning", "online", "degraded", "offline"])
        .executeTakeFirst();
      return moved.numUpdatedRows > 0n;
    });
  }
}

async function writePlan(
  trx: Trx,
  { workspaceId }: AttemptOfWorkspace,
  { restarts, delayMs }: Plan,
): Promise<void> {
  const planned = { restarts, restart_at: sql<Date>`now() + ${delayMs} * interval '1 millisecond'` };
  await trx
    .insertInto("workspace_sweeps")
    .values({ workspace_id: workspaceId, ...planned })
    .onConflict((conflict) => conflict.column("workspace_id").doUpdateSet(planned))
    .execute();
}

function msSince(time: Expression<unknown>) {
  return sql<number>`extract(epoch from now() - ${time})::float8 * 1000`;
}
