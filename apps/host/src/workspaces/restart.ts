import type { ContainerRuntime } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { EventLog } from "../storage/event-log.js";
import type { Trx, WorkspaceRow } from "../storage/schema.js";
import { lockTree } from "../storage/tree-lock.js";
import type { Provisioner } from "./provisioner.js";
import type { ReprovisionOptions, StateMachine, TransitionTarget } from "./state-machine.js";

/** What restarting works with. */
export interface RestartServices {
  readonly events: EventLog;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly runtime: Pick<ContainerRuntime, "kind">;
}

/** Which workspace to restart (only while it still is as given), and how. */
export interface RestartOptions extends Omit<TransitionTarget, "workspaceId">, ReprovisionOptions {}

/** Starts the next attempt of a workspace, for whatever reason: an operator, a changed secret, a lost container. */
export class WorkspaceRestart {
  readonly #services: RestartServices;

  constructor(services: RestartServices) {
    this.#services = services;
  }

  /**
   * Gives the current attempt up and starts the next one, detached from the caller.
   * @returns the row at its new attempt
   * @throws WORKSPACE_NOT_FOUND when there is none that may be provisioned, WORKSPACE_EXTERNAL, PARENT_PAUSED,
   * PROVISIONER_NOT_AVAILABLE
   */
  async restart(workspaceId: string, options: RestartOptions = {}): Promise<WorkspaceRow> {
    const { events, stateMachine, provisioner, runtime } = this.#services;
    const { resetSession = false, keepDeadline = false, ...target } = options;
    const next = await events.transact(async (trx, emit) => {
      // A pause of the parent comes before, and is seen, or after, and pauses this one too.
      await lockTree(trx);
      await assertRestartable(trx, workspaceId, runtime.kind);
      return stateMachine.reprovision(trx, emit, { workspaceId, ...target }, { resetSession, keepDeadline });
    });
    if (next === null) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    provisioner.start(next);
    return next;
  }
}

async function assertRestartable(
  trx: Trx,
  workspaceId: string,
  runtime: ContainerRuntime["kind"],
): Promise<void> {
  const row = await trx
    .selectFrom("workspaces as w")
    .leftJoin("workspaces as parent", "parent.id", "w.parent_id")
    .select(["w.status", "w.external", "parent.name as parent_name", "parent.status as parent_status"])
    .where("w.id", "=", workspaceId)
    .executeTakeFirst();
  if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
  if (row.external) throw workspaceErrors.WORKSPACE_EXTERNAL({});
  if (row.parent_status === "paused") throw workspaceErrors.PARENT_PAUSED({ parent: row.parent_name ?? "" });
  if (runtime === "none") throw workspaceErrors.PROVISIONER_NOT_AVAILABLE({});
}
