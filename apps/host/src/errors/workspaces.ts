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
  WORKSPACE_NOT_PAUSED: () => "workspace not found or not paused",
  PARENT_PAUSED: (d: { parent: string }) => `parent workspace "${d.parent}" is paused — resume it first`,
  WORKSPACE_EXTERNAL: () =>
    "an external workspace runs elsewhere and can't be restarted from here — restart its agent, which registers again",
  PROVISIONER_NOT_AVAILABLE: () => "provisioner not available",
  PARENT_CYCLE: (d: { parentId: string }) =>
    `invalid parent_id: ${d.parentId} is the workspace itself or below it; choose one outside of its own tree`,
  BUDGET_LIMIT_REQUIRED: () => "budget_limit field is required",
  BUDGET_LIMIT_INVALID: () => "budget_limit must be a whole number of cents, 0 or more, or null for no limit",
  INVALID_ACTIVITY_TYPE: (d: { known: readonly string[] }) =>
    `invalid activity_type, must be one of: ${d.known.join(", ")}`,
  ACTIVITY_SOURCE_FOREIGN: () =>
    "source_id must be the workspace itself; leave it out for what does not come from an agent",
  INVALID_ATTACHMENT: (d: { index: number }) => `attachment[${d.index}]: uri and name are required`,
  PEER_NOT_ALLOWED: () =>
    "the caller may not talk to this workspace: they are neither siblings nor above one another",
  PEER_NOT_REACHABLE: (d: { status: string }) =>
    `workspace is not reachable: its status is ${d.status} — try again when it is online`,
  PEER_URL_REFUSED: (d: { status: string; reason: string }) =>
    `workspace is not reachable: its address is refused now: ${d.reason} — its agent has to register a public one`,
  INVALID_BUNDLE: (d: { faults: readonly Fault[] }) => `invalid bundle:\n${formatFaults(d.faults)}`,
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
  ORPHAN_FUSE_CHANGED: (d: { found: string; now: string }) =>
    `the fuse of the orphan sweep holds back something else by now: found ${JSON.stringify(d.found)}, allowed: ${d.now}; look at the list again before you confirm`,
  ORPHAN_FUSE_WHOLE: () => "the fuse of the orphan sweep is not blown: there is nothing to confirm",
  ADOPTION_REFUSED: (d: { workspaceId: string; reason: string }) =>
    `the workspace ${d.workspaceId} can't be adopted: ${d.reason}`,
  TEMPLATE_UNREADABLE: (d: { template: string; reason: string }) =>
    `the template folder ${JSON.stringify(d.template)} can't be read: ${d.reason} — repair it and restart the workspace`,
});
