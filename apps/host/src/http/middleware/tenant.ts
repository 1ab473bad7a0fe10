import type { IncomingMessage } from "node:http";
import type { Middleware } from "koa";
import { httpErrors } from "../../errors/http.js";

/** Called by probes, agents and registries, who know of no organisation; api.md §1. */
const EXEMPT: ReadonlySet<string> = new Set([
  "/health",
  "/metrics",
  "/registry/register",
  "/registry/heartbeat",
  "/webhooks/registry",
]);

/** In SaaS, hides the platform from requests that are not for its organisation. */
export function tenant(orgId: string | null): Middleware {
  return async (ctx, next) => {
    assertTenant(ctx.req, ctx.path, orgId);
    await next();
  };
}

/** @throws ROUTE_NOT_FOUND when the request names another organisation than `orgId`, or none */
export function assertTenant(request: IncomingMessage, path: string, orgId: string | null): void {
  if (orgId === null || EXEMPT.has(path) || request.headers["x-molecule-org-id"] === orgId) return;
  throw httpErrors.ROUTE_NOT_FOUND({ method: request.method ?? "", path });
}
