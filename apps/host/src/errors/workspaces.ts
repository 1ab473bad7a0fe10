import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Errors of the workspace domain. Texts in quotes in api.md are exact: clients match them. */
export const workspaceErrors = defineErrors({
  INVALID_WORKSPACE_PAYLOAD: (_d: { faults: readonly Fault[] }) => "invalid workspace payload",
  INVALID_WORKSPACE_FIELDS: (d: { problems: readonly string[] }) =>
    `invalid workspace fields: ${d.problems.join("; ")}`,
  INVALID_TEMPLATE: (d: { template: string }) =>
    `invalid template: ${JSON.stringify(d.template)} is not a folder with a config.yaml in the templates folder`,
  UNKNOWN_RUNTIME: (d: { runtime: string; known: readonly string[] }) =>
    `unknown runtime: ${d.runtime}; known runtimes: ${d.known.join(", ")}`,
  UNKNOWN_PARENT: (d: { parentId: string }) => `unknown parent_id: no workspace ${d.parentId}`,
  INVALID_WORKSPACE_DIR: (d: { found: string; reason: string }) =>
    `invalid workspace_dir: ${JSON.stringify(d.found)} ${d.reason}`,
  WORKSPACE_NOT_FOUND: () => "workspace not found",
  INVALID_REGISTRATION: (d: { faults: readonly Fault[] }) =>
    `invalid registry payload:\n${formatFaults(d.faults)}`,
  AGENT_URL_REFUSED: (d: { url: string; reason: string }) =>
    `agent url ${JSON.stringify(d.url)} is refused: ${d.reason}`,
  ATTEMPT_SUPERSEDED: () => "invalid workspace auth token",
  REQUIRED_ENV_MISSING: (d: { missing: readonly string[] }) =>
    d.missing.length === 1
      ? `missing required env var "${d.missing[0] ?? ""}" — add it under Config → Env Vars (or as a Global secret) and retry`
      : `missing required env vars ${d.missing.join(", ")} — add them under Config → Env Vars (or as Global secrets) and retry`,
  PROVISION_TIMED_OUT: (d: { seconds: number }) =>
    `the container engine did not bring the workspace up within ${d.seconds} s — check the engine's load and log, then restart the workspace`,
  PROVISION_FAILED: () =>
    "provisioning failed for an internal reason — see the platform's log for this workspace, then restart it",
  TEMPLATE_UNREADABLE: (d: { template: string; reason: string }) =>
    `the template folder ${JSON.stringify(d.template)} can't be read: ${d.reason} — repair it and restart the workspace`,
});
