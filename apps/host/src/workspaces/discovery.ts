import type { ContainerRuntime } from "@molecule/core";
import { isCodedError } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import { AGENT_PORT } from "../runtimes/docker/host-config.js";
import { workspaceObjectName } from "../runtimes/workspace-name.js";
import type { Executor, WorkspaceRow, WorkspaceStatus } from "../storage/schema.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { AgentUrlGuard } from "./agent-url.js";
import { hasOwnContainer } from "./own-container.js";
import { isPublishedUrl } from "./published-url.js";

/** Statuses in which an agent can be called. */
const REACHABLE: ReadonlySet<WorkspaceStatus> = new Set(["online", "degraded"]);

/** A related workspace, as GET /registry/:id/peers tells it. */
export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly tier: number;
  readonly status: WorkspaceStatus;
  /** Empty while there is none that may be called. */
  readonly url: string;
  readonly parent_id: string | null;
  readonly active_tasks: number;
  readonly agent_card: unknown;
}

/** What discovery works with. */
export interface DiscoveryServices {
  readonly db: Executor;
  readonly workspaces: WorkspaceStore;
  readonly urlGuard: AgentUrlGuard;
  readonly runtime: Pick<ContainerRuntime, "kind">;
  /** Whether two workspaces may talk; not from memory: a workspace that was moved away must not be found any more. */
  readonly mayTalk: (one: string, other: string) => Promise<boolean>;
}

/**
 * Tells agents where others are. An address that was fine when its agent registered may have become another one, by
 * its name in the DNS: it is looked at again each time before it is given away.
 */
export class Discovery {
  readonly #services: DiscoveryServices;

  constructor(services: DiscoveryServices) {
    this.#services = services;
  }

  /** Siblings, children and parent of a workspace. @throws WORKSPACE_NOT_FOUND */
  async peers(workspaceId: string, search: string | undefined): Promise<Peer[]> {
    const self = await this.#existing(workspaceId);
    const rows = await this.#services.db
      .selectFrom("workspaces")
      .selectAll()
      .where("id", "<>", self.id)
      .where("status", "<>", "removed")
      .where((where) =>
        where.or([
          where("parent_id", "is not distinct from", self.parent_id),
          where("parent_id", "=", self.id),
          ...(self.parent_id === null ? [] : [where("id", "=", self.parent_id)]),
        ]),
      )
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    const wanted = (search ?? "").trim().toLowerCase();
    const found = rows.filter((row) => `${row.name}\n${row.role ?? ""}`.toLowerCase().includes(wanted));
    return Promise.all(found.map((row) => this.#peer(self, row)));
  }

  /** @throws WORKSPACE_NOT_FOUND, PEER_NOT_ALLOWED, PEER_NOT_REACHABLE, PEER_URL_REFUSED */
  async discover(callerId: string, targetId: string): Promise<{ id: string; url: string; name: string }> {
    const target = await this.#existing(targetId);
    const caller = await this.#services.workspaces.get(callerId);
    if (caller === undefined || !(await this.#services.mayTalk(callerId, targetId))) {
      throw workspaceErrors.PEER_NOT_ALLOWED({});
    }
    const { status } = target;
    if (!REACHABLE.has(status) || target.url === "") throw workspaceErrors.PEER_NOT_REACHABLE({ status });
    const refusal = await this.#refusal(target);
    if (refusal !== null) throw workspaceErrors.PEER_URL_REFUSED({ status, reason: refusal });
    return { id: target.id, url: this.#urlFor(caller, target), name: target.name };
  }

  async #existing(id: string): Promise<WorkspaceRow> {
    const row = await this.#services.workspaces.get(id);
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return row;
  }

  async #peer(self: WorkspaceRow, row: WorkspaceRow): Promise<Peer> {
    const { id, name, role, tier, status, parent_id, active_tasks, agent_card } = row;
    const isUsable = row.url !== "" && (await this.#refusal(row)) === null;
    const url = isUsable ? this.#urlFor(self, row) : "";
    return { id, name, role, tier, status, url, parent_id, active_tasks, agent_card };
  }

  /** Two containers meet in their own network; the port that the engine publishes is on this machine only. */
  #urlFor(caller: WorkspaceRow, target: WorkspaceRow): string {
    const areContainers = this.#services.runtime.kind === "docker" && !caller.external && !target.external;
    return areContainers && isPublishedUrl(target.url)
      ? `http://${workspaceObjectName(target.id)}:${AGENT_PORT}`
      : target.url;
  }

  /** Why the address may not be called now, or null. */
  async #refusal(row: WorkspaceRow): Promise<string | null> {
    if (!row.external && isPublishedUrl(row.url)) return null;
    try {
      const ownContainer = hasOwnContainer(row, this.#services.runtime.kind);
      await this.#services.urlGuard.assertAllowed(row.url, { ownContainer });
      return null;
    } catch (error) {
      if (isCodedError(error)) return String(error.details.reason);
      throw error;
    }
  }
}
