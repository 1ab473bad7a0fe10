import type { IncomingMessage } from "node:http";
import { httpErrors } from "../errors/http.js";
import { workspaceErrors } from "../errors/workspaces.js";
import type { VerifiedToken } from "../storage/token-store.js";
import type { Access } from "./access.js";
import type { HttpDependencies } from "./dependencies.js";
import type { Origins } from "./origins.js";
import { bearerOf } from "./peer.js";

/**
 * Who may call a route; api.md §2. `registry` names the field of the body that holds the workspace's id; `metrics` is
 * open until a `METRICS_TOKEN` is set.
 */
export type Guard =
  "open" | "admin" | "workspace" | "canvas" | "metrics" | { readonly registry: "id" | "workspace_id" };

/** Lets callers in, or refuses them with the error that api.md §2 gives. */
export class Guards {
  readonly #tokens: HttpDependencies["tokens"];
  readonly #workspaces: HttpDependencies["workspaces"];
  readonly #access: Access;
  readonly #origins: Origins;

  constructor(deps: Pick<HttpDependencies, "tokens" | "workspaces">, access: Access, origins: Origins) {
    this.#tokens = deps.tokens;
    this.#workspaces = deps.workspaces;
    this.#access = access;
    this.#origins = origins;
  }

  /**
   * Administrators.
   * @throws ADMIN_AUTH_REQUIRED, ADMIN_TOKEN_INVALID
   */
  admin(request: IncomingMessage, token: string | undefined = bearerOf(request)): void {
    if (this.#access.isDev(request)) return;
    if (token === undefined) throw httpErrors.ADMIN_AUTH_REQUIRED({});
    if (!this.#access.isAdminToken(token)) throw httpErrors.ADMIN_TOKEN_INVALID({});
  }

  /**
   * Administrators, and pages of a listed origin.
   * @throws ADMIN_AUTH_REQUIRED, ADMIN_TOKEN_INVALID
   */
  canvas(request: IncomingMessage): void {
    if (!this.#origins.isListed(request.headers.origin)) this.admin(request);
  }

  /**
   * Who has the `METRICS_TOKEN`; without one set, everybody.
   * @throws METRICS_TOKEN_REQUIRED
   */
  metrics(request: IncomingMessage): void {
    if (!this.#access.mayReadMetrics(bearerOf(request))) throw httpErrors.METRICS_TOKEN_REQUIRED({});
  }

  /**
   * Administrators, and the workspace itself. A bad token is refused in Dev too: its owner thinks it is good.
   * @throws WORKSPACE_TOKEN_MISSING, WORKSPACE_TOKEN_INVALID
   */
  async workspace(request: IncomingMessage, workspaceId: string): Promise<VerifiedToken | null> {
    const token = bearerOf(request);
    if (token === undefined) {
      if (this.#access.isDev(request)) return null;
      throw httpErrors.WORKSPACE_TOKEN_MISSING({});
    }
    return this.#access.isAdminToken(token) ? null : this.ownToken(token, workspaceId);
  }

  /**
   * The workspace's current attempt only; in Dev also without a token, while the workspace has none.
   * @throws WORKSPACE_TOKEN_MISSING, WORKSPACE_TOKEN_INVALID, ATTEMPT_SUPERSEDED
   */
  async registry(request: IncomingMessage, workspaceId: string): Promise<VerifiedToken | null> {
    const token = bearerOf(request);
    if (token === undefined) {
      if (this.#access.isDev(request) && !(await this.#tokens.hasLive(workspaceId))) return null;
      throw httpErrors.WORKSPACE_TOKEN_MISSING({});
    }
    const verified = await this.ownToken(token, workspaceId);
    const row = await this.#workspaces.get(workspaceId);
    if (row?.attempt !== verified.attempt) throw workspaceErrors.ATTEMPT_SUPERSEDED({});
    return verified;
  }

  /**
   * A live token of this very workspace.
   * @throws WORKSPACE_TOKEN_INVALID
   */
  async ownToken(token: string, workspaceId: string): Promise<VerifiedToken> {
    const verified = await this.#tokens.verify(token);
    if (verified?.workspaceId !== workspaceId) throw httpErrors.WORKSPACE_TOKEN_INVALID({});
    return verified;
  }
}
