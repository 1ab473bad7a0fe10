import { randomUUID } from "node:crypto";

/** A workspace that is not there. */
export const NOBODY = randomUUID();

/** One row of the contract: a request, and the answer that api.md gives it. */
export interface Row {
  readonly request: readonly [method: string, path: string, body?: unknown];
  readonly status: number;
  /** The whole text, or a pattern of it. */
  readonly text: string | RegExp;
}

const row = (status: number, text: Row["text"], ...request: Row["request"]): Row => ({
  request,
  status,
  text,
});
const payloadFault =
  /^{"error":"invalid workspace payload","faults":\[.*\],"code":"INVALID_WORKSPACE_PAYLOAD"}$/;
const fieldFault = (problem: string) =>
  `{"error":"invalid workspace fields: ${problem}","code":"INVALID_WORKSPACE_FIELDS"}`;
const create = (body: unknown) => ["POST", "/workspaces", body] as const;

/** What an empty platform without a container runtime answers. */
export const ROWS: readonly Row[] = [
  row(200, '{"status":"ok"}', "GET", "/health"),
  row(
    200,
    /^{"status":"degraded","checks":{"storage":{"status":"up",.*"container_runtime":{"status":"degraded",/,
    "GET",
    "/ready",
  ),
  row(200, "[]", "GET", "/workspaces"),
  row(200, "[]", "GET", "/events"),
  row(200, "[]", "GET", `/events/${NOBODY}`),
  row(200, "[]", "GET", "/events?after=0"),
  row(200, '{"x":0,"y":0,"zoom":1}', "GET", "/canvas/viewport"),
  row(200, '{"status":"saved"}', "PUT", "/canvas/viewport", { x: -1.5, y: 2, zoom: 0.25 }),
  row(200, '{"x":-1.5,"y":2,"zoom":0.25}', "GET", "/canvas/viewport"),
  row(400, /"code":"BODY_INVALID"}$/, "PUT", "/canvas/viewport", { x: 1, y: 2 }),
  row(200, /^{"plugins":\[{"name":"gh-identity",.*"state":"enabled"/, "GET", "/admin/plugins"),
  row(200, /^{"loops":\[{"name":"/, "GET", "/admin/loops"),
  row(200, /^{"subsystems":{".*":{"last_tick_at":.*,"seconds_ago":/, "GET", "/admin/liveness"),
  row(404, /"code":"PLUGIN_UNKNOWN"}$/, "PATCH", "/admin/plugins/nothing", { enabled: true }),
  row(400, /"code":"BODY_INVALID"}$/, "PATCH", "/admin/plugins/gh-identity", { enabled: "yes" }),
  row(200, /^{"ok":true,"error":null,"ledger":{/, "POST", "/admin/env/preview", {
    name: "x",
    runtime: "demo",
  }),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "POST", "/admin/env/preview", { workspace_id: NOBODY }),
  row(404, /^{"error":"unknown loop .*","code":"LOOP_UNKNOWN"}$/, "POST", "/admin/loops/nothing", {
    action: "pause",
  }),
  row(400, /"code":"BODY_INVALID"}$/, "POST", "/admin/loops/nothing", { action: "stop" }),
  row(404, '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}', "GET", `/workspaces/${NOBODY}`),
  row(404, `{"workspace_id":"${NOBODY}","deleted":true}`, "GET", `/workspaces/${NOBODY}/state`),
  row(
    404,
    '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}',
    "GET",
    `/workspaces/${NOBODY}/env`,
  ),
  row(
    404,
    '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}',
    "GET",
    `/workspaces/${NOBODY}/console`,
  ),
  row(
    404,
    '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}',
    "GET",
    `/workspaces/${NOBODY}/github-installation-token`,
  ),
  row(
    404,
    '{"error":"no GitHub App configured","code":"NO_TOKEN_PROVIDER"}',
    "GET",
    "/admin/github-installation-token",
  ),
  row(200, '{"status":"removed","cascade_deleted":0}', "DELETE", `/workspaces/${NOBODY}`),
  row(200, '{"status":"purged","cascade_deleted":0}', "DELETE", `/workspaces/${NOBODY}?purge=true`),
  row(400, '{"error":"invalid workspace ID","code":"INVALID_WORKSPACE_ID"}', "DELETE", "/workspaces/all"),
  row(400, payloadFault, ...create("{")),
  row(400, payloadFault, ...create({})),
  row(400, payloadFault, ...create({ name: "x", budget_limit: 0.5 })),
  row(400, fieldFault("name must not contain a newline"), ...create({ name: "a\nb" })),
  row(400, fieldFault("role must not contain any of {}[]|>*&!"), ...create({ name: "a", role: "*" })),
  row(400, fieldFault("name must be at most 255 characters"), ...create({ name: "x".repeat(256) })),
  row(
    400,
    /^{"error":"invalid template: .*"code":"INVALID_TEMPLATE"}$/,
    ...create({ name: "x", template: "../x" }),
  ),
  row(
    400,
    /^{"error":"unknown runtime: x; known runtimes: demo, .*"code":"UNKNOWN_RUNTIME"}$/,
    ...create({ name: "x", runtime: "x" }),
  ),
  row(400, /"code":"UNKNOWN_PARENT"}$/, ...create({ name: "x", parent_id: NOBODY })),
  row(400, /"code":"INVALID_WORKSPACE_DIR"}$/, ...create({ name: "x", workspace_dir: "/etc" })),
  row(404, '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}', "POST", "/registry/heartbeat", {
    workspace_id: NOBODY,
  }),
  row(400, /"code":"INVALID_REGISTRATION"}$/, "POST", "/registry/register", { id: NOBODY }),
  row(400, /"code":"INVALID_REGISTRATION"}$/, "POST", "/registry/update-card", { workspace_id: "x" }),
  row(426, /"code":"UPGRADE_REQUIRED"}$/, "GET", "/ws"),
];
