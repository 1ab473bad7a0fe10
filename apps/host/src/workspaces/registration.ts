import { sql } from "kysely";
import { workspaceErrors } from "../errors/workspaces.js";
import type { EventLog } from "../storage/event-log.js";
import { toJsonb } from "../storage/json.js";
import type { Trx, WorkspaceRow } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import { maskRecord, type Masking } from "../masking/mask-data.js";
import { assertCurrent, type Caller } from "./caller.js";
import type { AgentUrlGuard } from "./agent-url.js";
import type { Provisioner } from "./provisioner.js";
import { isPublishedUrl } from "./published-url.js";
import { parseRegister, parseUpdateCard } from "./registry-requests.js";
import type { StateMachine } from "./state-machine.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

/** What registration works with. */
export interface RegistrationServices {
  readonly events: EventLog;
  readonly tokens: TokenStore;
  readonly workspaces: WorkspaceStore;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly urlGuard: AgentUrlGuard;
  readonly secrets: Pick<WorkspaceSecrets, "learn">;
  readonly masker: Masking;
}

/** Takes the agents' registrations and cards. Callers have checked the workspace's token before. */
export class Registration {
  readonly #services: RegistrationServices;

  constructor(services: RegistrationServices) {
    this.#services = services;
  }

  /**
   * Brings a workspace online. A workspace that had no token gets one in the answer.
   * @param caller whose token was shown; null where none was needed
   * @throws INVALID_REGISTRATION, WORKSPACE_NOT_FOUND, AGENT_URL_REFUSED, ATTEMPT_SUPERSEDED
   */
  async register(
    body: unknown,
    caller: Caller | null,
  ): Promise<{ status: "registered"; auth_token?: string }> {
    const { id, url, agent_card: card } = parseRegister(body);
    const { events, provisioner, urlGuard, workspaces } = this.#services;
    // The engine's answer with the published address may still be on its way: it belongs into the event.
    await provisioner.settled(id);
    const row = await workspaces.get(id);
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    assertCurrent(row, caller);
    const agent_card = await this.#withoutSecrets(row, card);
    const published = isPublishedUrl(row.url) && !row.external;
    if (!published) await urlGuard.assertAllowed(url, { ownContainer: !row.external });
    const effectiveUrl = published ? row.url : url;
    const token = await events.transact(async (trx, emit) => {
      const change = {
        agent_card: toJsonb(agent_card),
        url: effectiveUrl,
        last_heartbeat_at: sql<Date>`now()`,
      };
      const target = { workspaceId: id, attempt: row.attempt };
      const moved = await this.#services.stateMachine.apply(
        trx,
        emit,
        "register",
        target,
        { ...change, last_sample_error: "" },
        (after) => ({ url: after.url, agent_card }),
      );
      if (moved === null) {
        const updated = await trx
          .updateTable("workspaces")
          .set({ ...change, updated_at: sql`now()` })
          .where("id", "=", id)
          .where("attempt", "=", row.attempt)
          .where("status", "<>", "removed")
          .executeTakeFirst();
        if (updated.numUpdatedRows === 0n) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
        emit({ type: "AGENT_CARD_UPDATED", workspaceId: id, payload: { agent_card } });
      }
      await this.#assertStillTrusted(trx, id, caller);
      return this.#tokenIfNone(trx, row);
    });
    return token === null ? { status: "registered" } : { status: "registered", auth_token: token };
  }

  /**
   * @param caller whose token was shown; null where none was needed
   * @throws INVALID_REGISTRATION, WORKSPACE_NOT_FOUND, ATTEMPT_SUPERSEDED
   */
  async updateCard(body: unknown, caller: Caller | null): Promise<{ status: "updated" }> {
    const { workspace_id: workspaceId, agent_card: card } = parseUpdateCard(body);
    const row = await this.#services.workspaces.get(workspaceId);
    if (row === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    assertCurrent(row, caller);
    const agent_card = await this.#withoutSecrets(row, card);
    await this.#services.events.transact(async (trx, emit) => {
      const updated = await trx
        .updateTable("workspaces")
        .set({ agent_card: toJsonb(agent_card), updated_at: sql`now()` })
        .where("id", "=", workspaceId)
        .where("attempt", "=", row.attempt)
        .where("status", "<>", "removed")
        .executeTakeFirst();
      if (updated.numUpdatedRows === 0n) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
      await this.#assertStillTrusted(trx, workspaceId, caller);
      emit({ type: "AGENT_CARD_UPDATED", workspaceId, payload: { agent_card } });
    });
    return { status: "updated" };
  }

  async #withoutSecrets(row: WorkspaceRow, card: Readonly<Record<string, unknown>>) {
    await this.#services.secrets.learn(row);
    return maskRecord(this.#services.masker, card);
  }

  /** The timeout of the provision may have revoked the token since it was verified; the row is locked by now. */
  async #assertStillTrusted(trx: Trx, workspaceId: string, caller: Caller | null): Promise<void> {
    if (caller === null || (await this.#services.tokens.hasLive(workspaceId, trx))) return;
    throw workspaceErrors.ATTEMPT_SUPERSEDED({});
  }

  async #tokenIfNone(trx: Parameters<TokenStore["issue"]>[0], row: WorkspaceRow): Promise<string | null> {
    const { tokens } = this.#services;
    if (await tokens.hasLive(row.id, trx)) return null;
    const { token } = await tokens.issue(trx, { workspaceId: row.id, attempt: row.attempt });
    return token;
  }
}
