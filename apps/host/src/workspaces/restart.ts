import { workspaceErrors } from "../errors/workspaces.js";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceRow, WorkspaceStatus } from "../storage/schema.js";
import type { Provisioner } from "./provisioner.js";
import type { StateMachine } from "./state-machine.js";

/** What restarting works with. */
export interface RestartServices {
  readonly events: EventLog;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
}

/** Starts the next attempt of a workspace, for whatever reason: an operator, a changed secret, a lost container. */
export class WorkspaceRestart {
  readonly #services: RestartServices;

  constructor(services: RestartServices) {
    this.#services = services;
  }

  /**
   * Gives the current attempt up and starts the next one, detached from the caller.
   * @param options.attempt restarts only when the workspace is still at this attempt
   * @param options.status restarts only when the workspace still has this status
   * @returns the row at its new attempt
   * @throws WORKSPACE_NOT_FOUND when there is none that may be provisioned
   */
  async restart(
    workspaceId: string,
    options: { readonly attempt?: number; readonly status?: WorkspaceStatus } = {},
  ): Promise<WorkspaceRow> {
    const { events, stateMachine, provisioner } = this.#services;
    const next = await events.transact((trx, emit) =>
      stateMachine.reprovision(trx, emit, { workspaceId, ...options }),
    );
    if (next === null) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    provisioner.start(next);
    return next;
  }
}
