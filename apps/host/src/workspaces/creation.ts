import type { WorkspaceTemplate } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { SecretVault } from "../secrets/secret-vault.js";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceRow } from "../storage/schema.js";
import type { TokenStore } from "../storage/token-store.js";
import type { AgentUrlGuard } from "./agent-url.js";
import { DEFAULT_RUNTIME, parseCreateRequest, type CreateWorkspaceRequest } from "./create-request.js";
import { externalConnection } from "./external-connection.js";
import { asTier } from "./tier.js";
import type { Provisioner } from "./provisioner.js";
import { provisioningPayload } from "./provisioning-payload.js";
import type { StateMachine } from "./state-machine.js";
import { UUID } from "./uuid.js";
import type { TemplateFolders } from "./template-folders.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

const EXTERNAL = "external";

/** What creation works with. */
export interface CreationServices {
  readonly events: EventLog;
  readonly tokens: TokenStore;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly templates: readonly WorkspaceTemplate[];
  readonly folders: TemplateFolders;
  readonly urlGuard: AgentUrlGuard;
  readonly vault: SecretVault;
  readonly secrets: Pick<WorkspaceSecrets, "add" | "forget">;
  readonly newId: () => string;
  /** What agents call. */
  readonly platformUrl: () => string;
}

/** Answer of POST /workspaces; api.md §5 and §6. */
export interface CreateAnswer {
  readonly status: 201;
  readonly body: Record<string, unknown>;
}

/** Creates workspaces: one transaction, then the provision detached from the request. */
export class WorkspaceCreation {
  readonly #services: CreationServices;

  constructor(services: CreationServices) {
    this.#services = services;
  }

  /**
   * @throws INVALID_WORKSPACE_PAYLOAD, INVALID_WORKSPACE_FIELDS, INVALID_WORKSPACE_DIR, INVALID_TEMPLATE,
   * UNKNOWN_RUNTIME, UNKNOWN_PARENT, AGENT_URL_REFUSED, INVALID_SECRET
   */
  async create(body: unknown): Promise<CreateAnswer> {
    const request = parseCreateRequest(body);
    const folder =
      request.template === undefined ? null : await this.#services.folders.read(request.template);
    const runtime = request.runtime ?? folder?.runtime ?? DEFAULT_RUNTIME;
    const external = request.external === true || runtime === EXTERNAL;
    if (!external) this.#assertRuntime(runtime);
    const row: NewRow = {
      ...this.#columns(request),
      runtime: external ? EXTERNAL : runtime,
      // The template's is taken at each launch: this one somebody has chosen.
      model: request.model ?? null,
      tier: asTier(request.tier ?? folder?.tier ?? null),
    };
    const { secrets = {} } = request;
    // Before anything is written, and so before anything of it can show.
    for (const value of Object.values(secrets)) this.#services.secrets.add(row.id, value);
    try {
      return await (external
        ? this.#createExternal(row, request.url ?? "", secrets)
        : this.#createProvisioned(row, secrets));
    } catch (error) {
      this.#services.secrets.forget(row.id);
      throw error;
    }
  }

  #assertRuntime(runtime: string): void {
    const known = this.#services.templates.map((template) => template.name);
    if (!known.includes(runtime))
      throw workspaceErrors.UNKNOWN_RUNTIME({ runtime, known: [...known, EXTERNAL] });
  }

  #columns(request: CreateWorkspaceRequest) {
    const parentId = request.parent_id ?? null;
    if (parentId !== null && !UUID.test(parentId)) throw workspaceErrors.UNKNOWN_PARENT({ parentId });
    return {
      id: this.#services.newId(),
      name: request.name,
      role: blankToNull(request.role),
      template: request.template ?? null,
      parent_id: parentId,
      workspace_dir: blankToNull(request.workspace_dir),
      workspace_access: request.workspace_access ?? "none",
      budget_limit: request.budget_limit ?? null,
      max_concurrent_tasks: request.max_concurrent_tasks ?? 1,
      x: request.canvas?.x ?? 0,
      y: request.canvas?.y ?? 0,
    };
  }

  async #createProvisioned(values: NewRow, secrets: NewSecrets): Promise<CreateAnswer> {
    const { events, stateMachine, provisioner, vault } = this.#services;
    const row = await events.transact(async (trx, emit) => {
      const payload = provisioningPayload(values);
      const created = await stateMachine.create(
        trx,
        emit,
        { ...values, external: false, status: "provisioning" },
        { type: "WORKSPACE_PROVISIONING", payload },
      );
      await vault.save(trx, created.id, secrets);
      return created;
    });
    provisioner.start(row);
    return {
      status: 201,
      body: { id: row.id, status: "provisioning", workspace_access: row.workspace_access },
    };
  }

  async #createExternal(values: NewRow, url: string, secrets: NewSecrets): Promise<CreateAnswer> {
    const { events, stateMachine, tokens, urlGuard, vault } = this.#services;
    if (url !== "") {
      await urlGuard.assertAllowed(url, { ownContainer: false });
      await events.transact(async (trx, emit) => {
        await stateMachine.create(
          trx,
          emit,
          { ...values, external: true, status: "online", url },
          { type: "WORKSPACE_ONLINE", payload: { name: values.name, external: true } },
        );
        await vault.save(trx, values.id, secrets);
      });
      return { status: 201, body: { id: values.id, external: true, status: "online" } };
    }
    const token = await events.transact(async (trx, emit) => {
      await stateMachine.create(
        trx,
        emit,
        { ...values, external: true, status: "awaiting_agent" },
        { type: "WORKSPACE_AWAITING_AGENT", payload: { name: values.name, external: true } },
      );
      await vault.save(trx, values.id, secrets);
      return tokens.issue(trx, { workspaceId: values.id, attempt: 1 });
    });
    const connection = externalConnection(values.id, this.#services.platformUrl(), token.token);
    return { status: 201, body: { id: values.id, external: true, status: "awaiting_agent", connection } };
  }
}

type NewSecrets = Readonly<Record<string, string>>;

type NewRow = Pick<
  WorkspaceRow,
  | "id"
  | "name"
  | "role"
  | "template"
  | "parent_id"
  | "workspace_dir"
  | "workspace_access"
  | "budget_limit"
  | "max_concurrent_tasks"
  | "x"
  | "y"
  | "runtime"
  | "model"
  | "tier"
>;

function blankToNull(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === "" ? null : text;
}
