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
const NOT_FOUND = '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}';
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
  row(200, /^{"plugins":\[{"name":.*"name":"gh-identity",.*"state":"enabled"/, "GET", "/admin/plugins"),
  row(
    200,
    /^{"plugins":\[{"name":"dotenv",.*{"name":"gh-identity",.*"state":"enabled"/,
    "GET",
    "/admin/plugins",
  ),
  row(200, /^{"loops":\[{"name":"/, "GET", "/admin/loops"),
  row(200, /^{"subsystems":{".*":{"last_tick_at":.*,"seconds_ago":/, "GET", "/admin/liveness"),
  row(
    200,
    /^{"unknown":".+","orphans":\[\],"foreign":0,"unlabelled":0,"fuse":{"state":"whole"}}$/,
    "GET",
    "/admin/orphans",
  ),
  row(409, /"code":"ORPHAN_FUSE_WHOLE"}$/, "POST", "/admin/orphans/confirm", { fuse: "0123456789ab" }),
  row(400, /"code":"BODY_INVALID"}$/, "POST", "/admin/orphans/remove", { id: 7 }),
  row(503, /"code":"ENGINE_NOT_LISTED"}$/, "POST", "/admin/orphans/remove", { id: "nothing" }),
  row(400, /"code":"BODY_INVALID"}$/, "POST", "/admin/orphans/adopt", { workspace_id: "ws-1" }),
  row(503, /"code":"ENGINE_NOT_LISTED"}$/, "POST", "/admin/orphans/adopt", { workspace_id: NOBODY }),
  row(400, /must not contain any of .*"code":"INVALID_WORKSPACE_FIELDS"}$/, "POST", "/admin/orphans/adopt", {
    workspace_id: NOBODY,
    name: "a | b",
  }),
  row(404, /"code":"PLUGIN_UNKNOWN"}$/, "PATCH", "/admin/plugins/nothing", { enabled: true }),
  row(400, /"code":"BODY_INVALID"}$/, "PATCH", "/admin/plugins/gh-identity", { enabled: "yes" }),
  row(200, /^{"ok":true,"error":null,"ledger":{/, "POST", "/admin/env/preview", {
    name: "x",
    runtime: "demo",
  }),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "POST", "/admin/env/preview", { workspace_id: NOBODY }),
  row(409, /"code":"PLUGIN_TRIAL_FAILED"}$/, "POST", "/admin/env/preview", {
    name: "x",
    runtime: "demo",
    enable: ["github-app-auth"],
  }),
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
  row(200, "[]", "GET", "/settings/secrets"),
  row(200, '{"status":"saved","key":"CONTRACT_KEY"}', "POST", "/settings/secrets", {
    key: "CONTRACT_KEY",
    value: "x",
  }),
  row(200, '{"status":"saved","key":"CONTRACT_KEY"}', "PUT", "/settings/secrets", {
    key: "CONTRACT_KEY",
    value: "y",
  }),
  row(
    200,
    /^\[{"key":"CONTRACT_KEY","has_value":true,"scope":"global","created_at":"[^"]+Z","updated_at":"[^"]+Z"}\]$/,
    "GET",
    "/settings/secrets",
  ),
  row(200, '{"status":"saved","key":"CONTRACT_KEY"}', "PUT", "/settings/secrets/CONTRACT_KEY", {
    value: "z",
  }),
  row(200, '{"status":"deleted","key":"CONTRACT_KEY"}', "DELETE", "/settings/secrets/CONTRACT_KEY"),
  row(404, /"code":"SECRET_NOT_FOUND"}$/, "DELETE", "/settings/secrets/CONTRACT_KEY"),
  row(400, /"code":"INVALID_SECRET"}$/, "POST", "/settings/secrets", { key: "PLATFORM_URL", value: "x" }),
  row(400, /"code":"INVALID_SECRET"}$/, "POST", "/settings/secrets", { key: "A" }),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "GET", `/workspaces/${NOBODY}/secrets`),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "POST", `/workspaces/${NOBODY}/secrets`, {
    key: "A",
    value: "x",
  }),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "DELETE", `/workspaces/${NOBODY}/secrets/A`),
  row(
    401,
    '{"error":"missing workspace auth token","code":"WORKSPACE_TOKEN_MISSING"}',
    "GET",
    `/workspaces/${NOBODY}/secrets/values`,
  ),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "GET", `/workspaces/${NOBODY}/model`),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "PUT", `/workspaces/${NOBODY}/model`, { model: "m" }),
  row(200, '{"tokens":[],"count":0}', "GET", "/org/tokens"),
  row(
    200,
    /^{"id":"[^"]+","prefix":"[\w-]{8}","name":"ci","auth_token":"[\w-]{43}","warning":"[^"]+"}$/,
    "POST",
    "/org/tokens",
    { name: "ci" },
  ),
  row(404, /"code":"TOKEN_NOT_FOUND"}$/, "DELETE", `/org/tokens/${NOBODY}`),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "GET", `/workspaces/${NOBODY}/tokens`),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "POST", `/workspaces/${NOBODY}/tokens`),
  row(404, /"code":"TOKEN_NOT_FOUND"}$/, "DELETE", `/workspaces/${NOBODY}/tokens/${NOBODY}`),
  row(404, /"code":"WORKSPACE_NOT_FOUND"}$/, "GET", `/admin/workspaces/${NOBODY}/test-token`),
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
  row(404, /"code":"IMAGES_NOT_AVAILABLE"}$/, "GET", "/admin/workspace-images"),
  row(404, /"code":"IMAGES_NOT_AVAILABLE"}$/, "POST", "/admin/workspace-images/refresh?runtime=demo"),
  row(404, /"code":"ROUTE_NOT_FOUND"}$/, "POST", "/webhooks/registry", {}),
  row(404, '{"error":"workspace not found","code":"WORKSPACE_NOT_FOUND"}', "POST", "/registry/heartbeat", {
    workspace_id: NOBODY,
  }),
  row(400, /"code":"INVALID_REGISTRATION"}$/, "POST", "/registry/register", { id: NOBODY }),
  row(400, /"code":"INVALID_REGISTRATION"}$/, "POST", "/registry/update-card", { workspace_id: "x" }),
  row(200, '{"quarantine":[]}', "GET", "/admin/workspace-images/quarantine"),
  row(404, /"code":"DIGEST_NOT_QUARANTINED"}$/, "DELETE", "/admin/workspace-images/quarantine/sha256:none"),
  row(404, NOT_FOUND, "PATCH", `/workspaces/${NOBODY}`, { name: "x" }),
  row(400, payloadFault, "PATCH", `/workspaces/${NOBODY}`, { tier: 9 }),
  row(
    400,
    fieldFault("image_pin must be sha256:<64 hex digits>, or null for none"),
    "PATCH",
    `/workspaces/${NOBODY}`,
    {
      image_pin: "latest",
    },
  ),
  row(400, fieldFault("x and y must be given together"), "PATCH", `/workspaces/${NOBODY}`, { x: 1 }),
  row(400, /"code":"UNKNOWN_PARENT"}$/, "PATCH", `/workspaces/${NOBODY}`, { parent_id: "x" }),
  row(400, /"code":"INVALID_WORKSPACE_DIR"}$/, "PATCH", `/workspaces/${NOBODY}`, { workspace_dir: "/etc" }),
  row(404, NOT_FOUND, "POST", `/workspaces/${NOBODY}/restart`),
  row(404, NOT_FOUND, "POST", `/workspaces/${NOBODY}/restart?reset=true`, {}),
  row(404, NOT_FOUND, "POST", `/workspaces/${NOBODY}/pause`),
  row(
    404,
    '{"error":"workspace not found or not paused","code":"WORKSPACE_NOT_PAUSED"}',
    "POST",
    `/workspaces/${NOBODY}/resume`,
  ),
  row(404, NOT_FOUND, "GET", `/workspaces/${NOBODY}/budget`),
  row(404, NOT_FOUND, "PATCH", `/workspaces/${NOBODY}/budget`, { budget_limit: null }),
  row(
    400,
    '{"error":"budget_limit field is required","code":"BUDGET_LIMIT_REQUIRED"}',
    "PATCH",
    `/workspaces/${NOBODY}/budget`,
    {},
  ),
  row(400, /"code":"BUDGET_LIMIT_INVALID"}$/, "PATCH", `/workspaces/${NOBODY}/budget`, { budget_limit: -1 }),
  row(404, NOT_FOUND, "GET", `/workspaces/${NOBODY}/metrics`),
  row(404, NOT_FOUND, "GET", `/workspaces/${NOBODY}/activity`),
  row(400, /"code":"QUERY_INVALID"}$/, "GET", `/workspaces/${NOBODY}/activity?limit=0`),
  row(404, NOT_FOUND, "POST", `/workspaces/${NOBODY}/activity`, { activity_type: "error" }),
  row(
    400,
    '{"error":"invalid activity_type, must be one of: a2a_send, a2a_receive, task_update, agent_log, skill_promotion, memory_write, error","code":"INVALID_ACTIVITY_TYPE"}',
    "POST",
    `/workspaces/${NOBODY}/activity`,
    { activity_type: "x" },
  ),
  row(404, NOT_FOUND, "POST", `/workspaces/${NOBODY}/notify`, { message: "x" }),
  row(
    400,
    '{"error":"attachment[1]: uri and name are required","code":"INVALID_ATTACHMENT"}',
    "POST",
    `/workspaces/${NOBODY}/notify`,
    { message: "x", attachments: [{ uri: "u", name: "n" }, { uri: "u" }] },
  ),
  row(404, NOT_FOUND, "GET", `/registry/${NOBODY}/peers`),
  row(
    400,
    '{"error":"X-Workspace-ID header is required","code":"CALLER_ID_REQUIRED"}',
    "GET",
    `/registry/discover/${NOBODY}`,
  ),
  row(200, '{"allowed":false}', "POST", "/registry/check-access", {
    caller_id: NOBODY,
    target_id: "11111111-1111-4111-8111-111111111111",
  }),
  row(400, /"code":"BODY_INVALID"}$/, "POST", "/registry/check-access", { caller_id: "x" }),
  row(200, /^\[/, "GET", "/templates"),
  row(200, "[]", "GET", "/approvals/pending"),
  row(200, "[]", "GET", "/org/templates"),
  row(200, "[]", "GET", `/workspaces/${NOBODY}/delegations`),
  row(404, NOT_FOUND, "GET", `/bundles/export/${NOBODY}`),
  row(400, /"code":"INVALID_BUNDLE"}$/, "POST", "/bundles/import", { name: "x", sub_workspaces: [{}] }),
  row(426, /"code":"UPGRADE_REQUIRED"}$/, "GET", "/ws"),
];
