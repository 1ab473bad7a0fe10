import { messageOf, type Clock, type ContainerRuntime, type Logger, type RuntimeCall } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import { untilAborted } from "../runtimes/abortable.js";
import type { Database } from "../storage/database.js";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceRow } from "../storage/schema.js";
import { lockTree } from "../storage/tree-lock.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { EngineTurns } from "./engine-turns.js";
import { Limiter } from "./limiter.js";
import type { Provisioner } from "./provisioner.js";
import type { StateMachine } from "./state-machine.js";

/** Ms for stopping one paused workspace in the engine. */
const STOP_BUDGET_MS = 30_000;

/** What pausing works with. */
export interface PausingServices {
  readonly database: Database;
  readonly events: EventLog;
  readonly workspaces: WorkspaceStore;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly runtime: ContainerRuntime;
  readonly turns: EngineTurns;
  readonly clock: Clock;
  readonly log: Logger;
  /** Workspaces that are stopped at a time. */
  readonly concurrency: number;
}

type Stoppable = Pick<WorkspaceRow, "id" | "attempt">;

/** Pauses workspaces with all below them, and resumes them: rows first, then the engine, detached from the caller. */
export class WorkspacePausing {
  readonly #services: PausingServices;
  readonly #limiter: Limiter;
  readonly #stopping = new Map<string, Promise<boolean>>();

  constructor(services: PausingServices) {
    this.#services = services;
    this.#limiter = new Limiter(services.concurrency);
  }

  /**
   * Pauses a workspace and everything below it; what is paused already stays so.
   * @throws WORKSPACE_NOT_FOUND
   */
  async pause(workspaceId: string): Promise<{ status: "paused"; paused_count: number }> {
    const { events, stateMachine } = this.#services;
    const paused = await events.transact((trx, emit) => stateMachine.pause(trx, emit, workspaceId));
    if (paused === null) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    for (const row of paused) if (row.stop_pending) void this.#stopOnce(row);
    return { status: "paused", paused_count: paused.length };
  }

  /**
   * Resumes those of a workspace's tree that are paused. An external one waits, offline, for its agent's next sign.
   * @throws WORKSPACE_NOT_PAUSED, PARENT_PAUSED, PROVISIONER_NOT_AVAILABLE
   */
  async resume(workspaceId: string): Promise<{ status: "provisioning"; resumed_count: number }> {
    const { events, stateMachine, provisioner, workspaces, runtime } = this.#services;
    const resumed = await events.transact(async (trx, emit) => {
      await lockTree(trx);
      const tree = await workspaces.descendants(trx, workspaceId);
      const paused = tree.filter(({ status }) => status === "paused");
      if (paused.length === 0) throw workspaceErrors.WORKSPACE_NOT_PAUSED({});
      const parentId = tree.find(({ id }) => id === workspaceId)?.parent_id ?? null;
      const parent = parentId === null ? undefined : await pausedName(trx, parentId);
      if (parent !== undefined) throw workspaceErrors.PARENT_PAUSED({ parent });
      if (runtime.kind === "none" && paused.some(({ external }) => !external)) {
        throw workspaceErrors.PROVISIONER_NOT_AVAILABLE({});
      }
      const rows: WorkspaceRow[] = [];
      for (const { id, external } of paused) {
        const row = external
          ? await stateMachine.apply(trx, emit, "wake", { workspaceId: id }, {}, () => ({}))
          : await stateMachine.reprovision(trx, emit, { workspaceId: id });
        if (row !== null) rows.push(row);
      }
      return rows;
    });
    for (const row of resumed) if (!row.external) provisioner.start(row);
    return { status: "provisioning", resumed_count: resumed.length };
  }

  /**
   * Stops what still runs of paused workspaces, also of those that another host has paused.
   * @returns how many were stopped, or would be in a dry run
   */
  async stopPending({ dryRun = false } = {}): Promise<number> {
    const pending = await this.#services.database.db
      .selectFrom("workspaces")
      .select(["id", "attempt"])
      .where("stop_pending", "=", true)
      .where("status", "=", "paused")
      .orderBy("updated_at")
      .execute();
    if (dryRun) return pending.length;
    const stopped = await Promise.all(pending.map((row) => this.#stopOnce(row)));
    return stopped.filter(Boolean).length;
  }

  /** Resolves when nothing is being stopped. */
  async settled(): Promise<void> {
    await Promise.all(this.#stopping.values());
  }

  #stopOnce(row: Stoppable): Promise<boolean> {
    const key = `${row.id}/${row.attempt}`;
    const running = this.#stopping.get(key);
    if (running !== undefined) return running;
    const stopping = this.#limiter.run(() => this.#stop(row)).finally(() => this.#stopping.delete(key));
    this.#stopping.set(key, stopping);
    return stopping;
  }

  /** Never rejects. What fails stays marked in the row, for the recovery loop. */
  async #stop({ id, attempt }: Stoppable): Promise<boolean> {
    const { database, provisioner, runtime, turns, clock, log } = this.#services;
    const budget = new AbortController();
    const cancelTimer = clock.timer(() => {
      budget.abort(new Error(`the engine did not finish within ${STOP_BUDGET_MS / 1000} s`));
    }, STOP_BUDGET_MS);
    const call: RuntimeCall = { signal: budget.signal, log: log.child({ workspaceId: id }) };
    try {
      await untilAborted(call.signal, provisioner.cancel(id, attempt));
      await turns.run(id, call.signal, (signal) =>
        runtime.stop(id, { ...call, signal, upToAttempt: attempt }),
      );
      await database.db
        .updateTable("workspaces")
        .set({ stop_pending: false, handle: null })
        .where("id", "=", id)
        .where("attempt", "=", attempt)
        .where("status", "=", "paused")
        .execute();
      return true;
    } catch (error) {
      call.log.warn(`paused workspace: it could not be stopped, it is tried again: ${messageOf(error)}`);
      return false;
    } finally {
      cancelTimer();
    }
  }
}

async function pausedName(
  trx: Parameters<WorkspaceStore["descendants"]>[0],
  id: string,
): Promise<string | undefined> {
  const row = await trx
    .selectFrom("workspaces")
    .select("name")
    .where("id", "=", id)
    .where("status", "=", "paused")
    .executeTakeFirst();
  return row?.name;
}
