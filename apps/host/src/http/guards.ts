import type { IncomingMessage } from "node:http";
import { httpErrors } from "../errors/http.js";
import { workspaceErrors } from "../errors/workspaces.js";
import type { VerifiedToken } from "../storage/token-store.js";
import type { Access } from "./access.js";
import type { HttpDependencies } from "./dependencies.js";
import type { Origins } from "./origins.js";
import { bearerOf } from "./peer.js";

/**
 * Who may call a route; api.md §2. `own-token` is the workspace of `:id` itself and nobody else; the two of discovery
 * differ in what names the caller: the header X-Workspace-ID, or `:id`. `registry` names the field of the body that
 * holds the workspace's id; `test-token` is there for administrators of development only, or where it was switched on;
 * `metrics` is open until a `METRICS_TOKEN` is set; `signed` takes webhooks whose body, which no one reads, is signed.
 */
export type Guard =
  | "open"
  | "admin"
  | "workspace"
  | "own-token"
  | "discovery-caller"
  | "discovery-own"
  | "any"
  | "test-token"
  | "canvas"
  | "metrics"
  | "signed"
  | { readonly registry: "id" | "workspace_id" };

/** Lets callers in, or refuses them with the error that api.md §2 gives. */
export class Guards {
  readonly #tokens: HttpDependencies["tokens"];
  readonly #orgTokens: HttpDependencies["orgTokens"];
  readonly #workspaces: HttpDependencies["workspaces"];
  readonly #access: Access;
  readonly #origins: Origins;

  constructor(
    deps: Pick<HttpDependencies, "tokens" | "orgTokens" | "workspaces">,
    access: Access,
    origins: Origins,
  ) {
    this.#tokens = deps.tokens;
    this.#orgTokens = deps.orgTokens;
    this.#workspaces = deps.workspaces;
    this.#access = access;
    this.#origins = origins;
  }

  /**
   * Administrators.
   * @throws ADMIN_AUTH_REQUIRED, ADMIN_TOKEN_INVALID
   */
  async admin(request: IncomingMessage, token: string | undefined = bearerOf(request)): Promise<void> {
    if (this.#access.isDev(request)) return;
    if (token === undefined) throw httpErrors.ADMIN_AUTH_REQUIRED({});
    if (!(await this.#isAdministrators(token))) throw httpErrors.ADMIN_TOKEN_INVALID({});
  }

  /**
   * Administrators, where test tokens are to be had; elsewhere the route is not there.
   * @throws ROUTE_NOT_FOUND, ADMIN_AUTH_REQUIRED, ADMIN_TOKEN_INVALID
   */
  async testToken(request: IncomingMessage): Promise<void> {
    if (!this.#access.givesTestTokens(request)) {
      throw httpErrors.ROUTE_NOT_FOUND({ method: request.method ?? "", path: request.url ?? "" });
    }
    await this.admin(request);
  }

  /**
   * Administrators, and pages of a listed origin.
   * @throws ADMIN_AUTH_REQUIRED, ADMIN_TOKEN_INVALID
   */
  async canvas(request: IncomingMessage): Promise<void> {
    if (!this.#origins.isListed(request.headers.origin)) await this.admin(request);
  }

  /**
   * Who has the `METRICS_TOKEN`; without one set, everybody.
   * @throws METRICS_TOKEN_REQUIRED
   */
  metrics(request: IncomingMessage): void {
    if (!this.#access.mayReadMetrics(bearerOf(request))) throw httpErrors.METRICS_TOKEN_REQUIRED({});
  }

  /**
   * Who knows the secret of webhooks. Without one set, nobody hears that there is such a route: no body is read.
   * @throws ROUTE_NOT_FOUND, WEBHOOK_SIGNATURE_INVALID; what `readBody` throws
   */
  async signed(request: IncomingMessage, path: string, readBody: () => Promise<Uint8Array>): Promise<void> {
    if (!this.#access.takesWebhooks) {
      throw httpErrors.ROUTE_NOT_FOUND({ method: request.method ?? "", path });
    }
    if (!this.#access.isSigned(request, await readBody())) throw httpErrors.WEBHOOK_SIGNATURE_INVALID({});
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
    if (this.#access.isAdminToken(token)) return null;
    const verified = await this.#tokens.verify(token);
    if (verified?.workspaceId === workspaceId) return verified;
    if (verified === null && (await this.#orgTokens.verify(token))) return null;
    throw httpErrors.WORKSPACE_TOKEN_INVALID({});
  }

  /**
   * The workspace that looks for others; administrators in its name.
   * @throws WORKSPACE_TOKEN_MISSING, WORKSPACE_TOKEN_INVALID
   */
  async discovery(request: IncomingMessage, workspaceId: string): Promise<VerifiedToken | null> {
    const token = bearerOf(request);
    const verified = token === undefined ? null : await this.#tokens.verify(token);
    if (verified?.workspaceId === workspaceId) return verified;
    if (this.#access.isDev(request)) return null;
    if (token === undefined) throw httpErrors.WORKSPACE_TOKEN_MISSING({});
    if (this.#access.isAdminToken(token)) return null;
    throw httpErrors.WORKSPACE_TOKEN_INVALID({});
  }

  /**
   * Whoever has any live token.
   * @returns the workspace's token, or null for an administrator's and in Dev
   * @throws WORKSPACE_TOKEN_MISSING, WORKSPACE_TOKEN_INVALID
   */
  async any(request: IncomingMessage): Promise<VerifiedToken | null> {
    const token = bearerOf(request);
    if (token !== undefined) {
      const verified = await this.#tokens.verify(token);
      if (verified !== null || (await this.#isAdministrators(token))) return verified;
    }
    if (this.#access.isDev(request)) return null;
    throw token === undefined
      ? httpErrors.WORKSPACE_TOKEN_MISSING({})
      : httpErrors.WORKSPACE_TOKEN_INVALID({});
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
   * A live token of this very workspace, in the request.
   * @throws WORKSPACE_TOKEN_MISSING, WORKSPACE_TOKEN_INVALID
   */
  async workspaceItself(request: IncomingMessage, workspaceId: string): Promise<VerifiedToken> {
    const token = bearerOf(request);
    if (token === undefined) throw httpErrors.WORKSPACE_TOKEN_MISSING({});
    return this.ownToken(token, workspaceId);
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

  /** The admin token is compared first: with it a host can be looked at while its database is out of reach. */
  async #isAdministrators(token: string): Promise<boolean> {
    return this.#access.isAdminToken(token) || (await this.#orgTokens.verify(token));
  }
}
