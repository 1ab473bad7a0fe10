import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Errors of the HTTP layer. Those of api.md §1 and §2 have exactly its texts: clients match them. */
export const httpErrors = defineErrors({
  ADMIN_AUTH_REQUIRED: () => "admin auth required",
  ADMIN_TOKEN_INVALID: () => "invalid admin auth token",
  METRICS_TOKEN_REQUIRED: () =>
    "the metrics need the METRICS_TOKEN of this host; send it as Authorization: Bearer <token>",
  WORKSPACE_TOKEN_MISSING: () => "missing workspace auth token",
  WORKSPACE_TOKEN_INVALID: () => "invalid workspace auth token",
  INVALID_WORKSPACE_ID: () => "invalid workspace ID",
  CALLER_ID_REQUIRED: () => "X-Workspace-ID header is required",
  ORIGIN_REFUSED: (d: { origin: string | null }) =>
    `${d.origin === null ? "no Origin was sent" : `the origin ${JSON.stringify(d.origin)} is not allowed`}; allowed: the origins of CORS_ORIGINS and the platform's own page`,
  RATE_LIMITED: (_d: { retry_after: number }) => "rate limit exceeded",
  ROUTE_NOT_FOUND: (d: { method: string; path: string }) =>
    `no route for ${d.method} ${d.path}; GET /openapi.json lists the routes`,
  UPGRADE_REQUIRED: () => "this address speaks WebSocket only; connect with ws:// or wss://",
  BODY_TOO_LARGE: (d: { limitBytes: number }) =>
    `the request body is larger than ${d.limitBytes} bytes; send less`,
  BODY_ENCODING_UNSUPPORTED: (d: { found: string }) =>
    `content-encoding: found ${JSON.stringify(d.found)}, allowed: none; send the body as plain JSON`,
  BODY_INCOMPLETE: () =>
    "the request body ended before all of it arrived; send as many bytes as content-length says",
  BODY_INVALID: (d: { faults: readonly Fault[] }) => `invalid request body:\n${formatFaults(d.faults)}`,
  QUERY_INVALID: (d: { faults: readonly Fault[] }) => `invalid query:\n${formatFaults(d.faults)}`,
  ENV_LEDGER_NOT_FOUND: (d: { workspaceId: string; attempt: number }) =>
    `workspace ${d.workspaceId} has no environment yet: its attempt ${d.attempt} has not been through the env-mutator chain; see its status`,
  NO_TOKEN_PROVIDER: () => "no GitHub App configured",
  TOKEN_REFRESH_FAILED: () => "token refresh failed",
  CONSOLE_NOT_AVAILABLE: () => "the container runtime of this platform keeps no console output",
});
