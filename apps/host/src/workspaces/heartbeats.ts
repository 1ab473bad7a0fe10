import { sql } from "kysely";
import { workspaceErrors } from "../errors/workspaces.js";
import type { Emit, EventLog } from "../storage/event-log.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { Masking } from "../masking/mask-data.js";
import { assertCurrent, type Caller } from "./caller.js";
import { parseHeartbeat, type HeartbeatRequest } from "./registry-requests.js";
import type { OwnTransition, StateMachine, WorkspaceChange } from "./state-machine.js";
import type { TransitionName } from "./status.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

const DEGRADED_FROM = 0.5;
const HEALED_BELOW = 0.1;
const WEDGED = "wedged";
/** Cents; more is a fault of the agent's counting. */
const MAX_SPEND = 1e12;

type Trx = Parameters<StateMachine["apply"]>[0];

/** A move that a heartbeat makes, with its event's payload. */
interface Move {
  readonly name: Exclude<TransitionName, OwnTransition>;
  readonly payload: Record<string, unknown>;
}

/** Takes the agents' heartbeats. Callers have checked the workspace's token before. */
export class Heartbeats {
  readonly #events: EventLog;
  readonly #stateMachine: StateMachine;
  readonly #secrets: Pick<WorkspaceSecrets, "learn">;
  readonly #masker: Masking;

  constructor(services: {
    events: EventLog;
    stateMachine: StateMachine;
    secrets: Pick<WorkspaceSecrets, "learn">;
    masker: Masking;
  }) {
    this.#events = services.events;
    this.#stateMachine = services.stateMachine;
    this.#secrets = services.secrets;
    this.#masker = services.masker;
  }

  /**
   * @param caller whose token was shown; null where none was needed
   * @throws INVALID_REGISTRATION, WORKSPACE_NOT_FOUND, ATTEMPT_SUPERSEDED
   */
  async take(body: unknown, caller: Caller | null): Promise<{ status: "ok" }> {
    const beat = await this.#withoutSecrets(parseHeartbeat(body), caller);
    const { before, after } = await this.#events.transact((trx, emit) =>
      this.#record(trx, emit, beat, caller),
    );
    this.#events.publish({
      type: "WORKSPACE_HEARTBEAT",
      workspaceId: after.id,
      payload: { active_tasks: after.active_tasks, uptime_seconds: after.uptime_seconds },
    });
    if (before.current_task !== after.current_task) {
      this.#events.publish({
        type: "TASK_UPDATED",
        workspaceId: after.id,
        payload: { current_task: after.current_task, active_tasks: after.active_tasks },
      });
    }
    return { status: "ok" };
  }

  /** An error that an agent quotes, or a task, may well show one of its secrets. */
  async #withoutSecrets(beat: HeartbeatRequest, caller: Caller | null): Promise<HeartbeatRequest> {
    const { sample_error: sampleError = "", current_task: currentTask = "" } = beat;
    if (sampleError === "" && currentTask === "") return beat;
    await this.#secrets.learn({ id: beat.workspace_id, attempt: caller?.attempt ?? 0 });
    return {
      ...beat,
      ...(sampleError === "" ? {} : { sample_error: this.#masker.mask(sampleError) }),
      ...(currentTask === "" ? {} : { current_task: this.#masker.mask(currentTask) }),
    };
  }

  async #record(trx: Trx, emit: Emit, beat: HeartbeatRequest, caller: Caller | null) {
    const before = await trx
      .selectFrom("workspaces")
      .selectAll()
      .where("id", "=", beat.workspace_id)
      .where("status", "<>", "removed")
      .forUpdate()
      .executeTakeFirst();
    if (before === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    assertCurrent(before, caller);
    const change = changeOf(beat);
    const move = moveFor(before, beat);
    const target = { workspaceId: before.id, attempt: before.attempt };
    const moved =
      move === null
        ? null
        : await this.#stateMachine.apply(trx, emit, move.name, target, change, () => move.payload);
    if (moved !== null) return { before, after: moved };
    const after = await trx
      .updateTable("workspaces")
      .set(change)
      .where("id", "=", before.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return { before, after };
  }
}

function changeOf(beat: HeartbeatRequest): WorkspaceChange {
  const spend = Math.round(Math.min(Math.max(beat.monthly_spend ?? 0, 0), MAX_SPEND));
  return {
    last_heartbeat_at: sql<Date>`now()`,
    ...(beat.error_rate === undefined ? {} : { last_error_rate: beat.error_rate }),
    ...(beat.sample_error === undefined ? {} : { last_sample_error: beat.sample_error }),
    ...(beat.active_tasks === undefined ? {} : { active_tasks: beat.active_tasks }),
    ...(beat.current_task === undefined ? {} : { current_task: beat.current_task }),
    ...(beat.uptime_seconds === undefined ? {} : { uptime_seconds: Math.floor(beat.uptime_seconds) }),
    ...(spend === 0 ? {} : { monthly_spend: spend }),
  };
}

/** The move that a heartbeat makes from the row's status, or null; api.md §3. */
function moveFor(row: WorkspaceRow, beat: HeartbeatRequest): Move | null {
  const sampleError = beat.sample_error ?? "";
  const wedged = beat.runtime_state === WEDGED;
  const errorRate = beat.error_rate ?? 0;
  switch (row.status) {
    case "provisioning":
    case "offline":
      return { name: "recover", payload: { recovered_from: row.status } };
    case "online":
      if (wedged) return { name: "degrade", payload: { runtime_state: WEDGED, sample_error: sampleError } };
      if (errorRate < DEGRADED_FROM) return null;
      return { name: "degrade", payload: { error_rate: errorRate, sample_error: sampleError } };
    case "degraded":
      return !wedged && errorRate < HEALED_BELOW
        ? { name: "heal", payload: { recovered_from: row.status } }
        : null;
    default:
      return null;
  }
}
