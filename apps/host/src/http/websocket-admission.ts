import type { IncomingMessage } from "node:http";
import { httpErrors } from "../errors/http.js";
import type { Access } from "./access.js";
import type { Guards } from "./guards.js";
import { assertTenant } from "./middleware/tenant.js";
import type { Origins } from "./origins.js";
import { bearerOf } from "./peer.js";
import type { RateLimiter } from "./rate-limiter.js";
import { requireWorkspaceId } from "./workspace-id.js";

/** Who listens on a WebSocket: a canvas sees all events, an agent those of workspaces that it may talk to. */
export type Audience = { readonly kind: "canvas" } | { readonly kind: "agent"; readonly workspaceId: string };

/** What decides on an upgrade. */
export interface AdmissionServices {
  readonly orgId: string | null;
  readonly guards: Guards;
  readonly access: Access;
  readonly origins: Origins;
  readonly limiter: RateLimiter;
}

const WS_PATH = "/ws";
const BEARER_PROTOCOL = "bearer.";

/**
 * Decides whether a request may become a WebSocket; api.md §10.
 * @throws ROUTE_NOT_FOUND, ORIGIN_REFUSED, RATE_LIMITED, and the guards' errors
 */
export async function admit(request: IncomingMessage, services: AdmissionServices): Promise<Audience> {
  const { orgId, guards, access, origins, limiter } = services;
  const path = pathOf(request.url ?? "/");
  assertTenant(request, path, orgId);
  const { origin } = request.headers;
  if (!origins.allows(request)) throw httpErrors.ORIGIN_REFUSED({ origin: origin ?? null });
  if (!access.isUnlimited(request)) {
    const { allowed, resetSeconds } = limiter.take(access.clientOf(request));
    if (!allowed) throw httpErrors.RATE_LIMITED({ retry_after: resetSeconds });
  }
  if (path !== WS_PATH) {
    throw httpErrors.ROUTE_NOT_FOUND({ method: request.method ?? "", path });
  }
  const token = bearerOf(request) ?? protocolToken(request);
  const claimed = request.headers["x-workspace-id"];
  if (claimed !== undefined) {
    const workspaceId = requireWorkspaceId(claimed);
    if (token === undefined) throw httpErrors.WORKSPACE_TOKEN_MISSING({});
    await guards.ownToken(token, workspaceId);
    return { kind: "agent", workspaceId };
  }
  if (origin === undefined) throw httpErrors.ORIGIN_REFUSED({ origin: null });
  await guards.admin(request, token);
  return { kind: "canvas" };
}

/** Of a request target: a path and a query as a rule, a whole URL from some proxies, else whatever was sent. */
function pathOf(target: string): string {
  if (!target.startsWith("/") && URL.canParse(target)) return new URL(target).pathname;
  const [path = ""] = target.split("?", 1);
  return path;
}

/**
 * The subprotocol to answer. A browser fails the connection when none of those it offered is taken (WebSockets
 * standard); the one that holds the token is sent back only when there is no other.
 */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  const protocols = [...offered];
  return protocols.find((each) => !each.startsWith(BEARER_PROTOCOL)) ?? protocols[0] ?? false;
}

/** The token that a browser sends as subprotocol `bearer.<token>`, since it can't set headers. */
function protocolToken(request: IncomingMessage): string | undefined {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  const bearer = offered.find((each) => each.startsWith(BEARER_PROTOCOL));
  return bearer?.slice(BEARER_PROTOCOL.length);
}
