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
  SECRETS_NOT_AVAILABLE: () =>
    "invalid workspace fields: secrets can't be kept by this installation, which has no secrets store; leave them out",
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
  SWEEP_LEASE_LOST: (d: { loop: string; fence: number | null }) =>
    `${d.loop}: another host has taken this loop over, and what lease ${d.fence ?? "none"} was about to change is left to it`,
  ORPHAN_SWEEPER_OFF: () =>
    "the plugin that knows what is an orphan is not enabled; enable orphan-sweeper and try again",
  ENGINE_NOT_LISTED: (d: { reason: string }) =>
    `the engine's objects could not be listed, so nothing is done: ${d.reason}`,
  ORPHAN_NOT_FOUND: (d: { found: string }) =>
    `no orphan ${JSON.stringify(d.found)} of this installation is in the engine; GET /admin/orphans lists them`,
  ORPHAN_IN_USE: (d: { id: string; workspaceId: string }) =>
    `${d.id} belongs to the workspace ${d.workspaceId}, which lives; delete or restart that instead`,
  ORPHAN_FUSE_WHOLE: () => "the fuse of the orphan sweep is not blown: there is nothing to confirm",
  ADOPTION_REFUSED: (d: { workspaceId: string; reason: string }) =>
    `the workspace ${d.workspaceId} can't be adopted: ${d.reason}`,
  TEMPLATE_UNREADABLE: (d: { template: string; reason: string }) =>
    `the template folder ${JSON.stringify(d.template)} can't be read: ${d.reason} — repair it and restart the workspace`,
});
