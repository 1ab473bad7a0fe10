import { defineErrors, formatFaults, type Fault } from "./coded-error.js";

/** Every coded error of the kernel; docs/errors.md explains each. */
export const errors = defineErrors({
  CONTRIBUTION_NAME_INVALID: (d: { kind: string; plugin: string; found: string }) =>
    `plugin "${d.plugin}": a ${d.kind} has the name ${d.found}; give it a name that is not empty`,
  CONTRIBUTION_DUPLICATE: (d: { kind: string; name: string; plugin: string; takenBy: string }) =>
    `plugin "${d.plugin}": the ${d.kind} "${d.name}" is already registered by plugin "${d.takenBy}"; rename one of them or disable one of the plugins`,

  ENV_MUTATOR_INVALID: (d: { plugin: string; mutator: string; faults: readonly Fault[] }) =>
    `plugin "${d.plugin}": env mutator ${d.mutator} can't be registered:\n${formatFaults(d.faults)}`,
  ENV_KEY_INVALID: (d: { plugin: string; key: string }) =>
    `plugin "${d.plugin}": the variable name ${d.key} is not usable; it must not be empty nor hold "=" or NUL`,
  ENV_VALUE_INVALID: (d: { plugin: string; key: string; reason: string }) =>
    `plugin "${d.plugin}": the value of ${d.key} ${d.reason}`,
  ENV_KEY_PROTECTED: (d: { plugin: string; key: string }) =>
    `plugin "${d.plugin}": ${d.key} belongs to the platform and can't be changed; remove this edit from the plugin`,
  ENV_WRITE_NOT_ALLOWED: (d: { plugin: string; key: string; allowed: readonly string[] }) =>
    `plugin "${d.plugin}": writing ${d.key} is not allowed; its manifest entry allows env.writes ${JSON.stringify(d.allowed)}`,
  ENV_WRITE_CONFLICT: (d: {
    plugin: string;
    other: string;
    variable: string;
    basis: "seen" | "declared";
    winner: string;
  }) =>
    `plugin "${d.plugin}": it ${d.basis === "seen" ? "sets" : "may set"} ${d.variable}, as plugin "${d.other}" does; the later one in the chain, "${d.winner}", wins. Disable one of them, narrow its env.writes, or order them with "after"`,
  ENV_DRAFT_CLOSED: (d: { plugin: string; mutator: string }) =>
    `plugin "${d.plugin}": mutator "${d.mutator}" edited the environment after it had finished; await all work before mutate() returns`,
  ENV_FILE_INVALID: (d: { plugin: string; path: string; reason: string }) =>
    `plugin "${d.plugin}": the file ${d.path} ${d.reason}`,
  ENV_LAYERS_INVALID: (d: { faults: readonly Fault[] }) =>
    `the environment has ${d.faults.length} fault${d.faults.length === 1 ? "" : "s"} that no plugin brought:\n${formatFaults(d.faults)}`,
  ENV_TOO_LARGE: (d: { plugin: string; bytes: number; allowedBytes: number }) =>
    `plugin "${d.plugin}": its edits make the environment ${d.bytes} bytes; at most ${d.allowedBytes} are allowed`,
  ENV_MUTATOR_FAILED: (d: { plugin: string; mutator: string; reason: string }) =>
    `plugin "${d.plugin}": mutator "${d.mutator}" failed: ${d.reason}`,
  ENV_MUTATOR_TIMEOUT: (d: { plugin: string; mutator: string; timeoutMs: number; limit: string }) =>
    `plugin "${d.plugin}": mutator "${d.mutator}" did not finish within ${d.timeoutMs} ms (${d.limit}); fix the plugin, or set its onError to "skip"`,
  ENV_PROVISION_ABORTED: (d: { plugin: string; mutator: string }) =>
    `plugin "${d.plugin}": mutator "${d.mutator}" was aborted because the provision was given up`,

  TOKEN_PROVIDER_FAILED: (d: { plugin: string; mutator: string; reason: string }) =>
    `plugin "${d.plugin}": token() of mutator "${d.mutator}" failed: ${d.reason}`,
  TOKEN_PROVIDER_TIMEOUT: (d: { plugin: string; mutator: string; timeoutMs: number }) =>
    `plugin "${d.plugin}": token() of mutator "${d.mutator}" did not answer within ${d.timeoutMs} ms`,
  TOKEN_PROVIDER_INVALID: (d: { plugin: string; mutator: string }) =>
    `plugin "${d.plugin}": token() of mutator "${d.mutator}" gave no token that a header can hold, or no expiry; answer { token, expiresAt: Date }`,

  BOOT_TASK_INVALID: (d: { plugin: string; task: string; faults: readonly Fault[] }) =>
    `plugin "${d.plugin}": boot task ${d.task} can't be registered:\n${formatFaults(d.faults)}`,
  BOOT_TASK_FAILED: (d: { task: string; plugin: string; stage: string; reason: string }) =>
    `boot task "${d.task}" (plugin "${d.plugin}", stage ${d.stage}) failed: ${d.reason}`,
  BOOT_TASK_TIMEOUT: (d: { task: string; plugin: string; stage: string; timeoutMs: number }) =>
    `boot task "${d.task}" (plugin "${d.plugin}", stage ${d.stage}) did not finish within ${d.timeoutMs} ms`,

  LOOP_INVALID: (d: { plugin: string; loop: string; faults: readonly Fault[] }) =>
    `plugin "${d.plugin}": loop ${d.loop} can't be registered:\n${formatFaults(d.faults)}`,
  LOOP_TICK_TIMEOUT: (d: { plugin: string; loop: string; timeoutMs: number }) =>
    `loop "${d.loop}" (plugin "${d.plugin}"): the tick was aborted after ${d.timeoutMs} ms`,
  LOOP_UNKNOWN: (d: { loop: string; known: readonly string[] }) =>
    `unknown loop ${JSON.stringify(d.loop)}; known: ${d.known.join(", ") || "none"}`,
  LOOP_BUSY: (d: { loop: string }) => `loop "${d.loop}" is running a tick; try again when it has finished`,
  LOOP_STOPPED: (d: { loop: string; plugin: string }) =>
    `loop "${d.loop}" (plugin "${d.plugin}") was stopped while its tick ran`,
  LOOP_LEASE_LOST: (d: { loop: string; fence: number }) =>
    `loop "${d.loop}": the lease (fencing number ${d.fence}) went to another host; the tick was aborted`,

  MANIFEST_UNREADABLE: (d: { path: string; reason: string }) =>
    `manifest ${d.path} can't be read: ${d.reason}; set MOLECULE_MANIFEST to the file that lists the plugins`,
  MANIFEST_NOT_JSON: (d: { path: string; reason: string }) => `manifest ${d.path} is not JSON: ${d.reason}`,
  MANIFEST_INVALID: (d: { path: string; faults: readonly Fault[] }) =>
    `manifest ${d.path} has ${d.faults.length} fault${d.faults.length === 1 ? "" : "s"}:\n${formatFaults(d.faults)}`,
  MANIFEST_INTEGRITY_MISMATCH: (d: { faults: readonly Fault[] }) =>
    `boot is refused, as the files of ${d.faults.length} plugin${d.faults.length === 1 ? "" : "s"} are not those that the manifest has locked:\n${formatFaults(d.faults)}\nRestore the packages, or, when the change is wanted, run: molecule plugins lock`,
  PLUGIN_OVERRIDES_INVALID: (d: { faults: readonly Fault[] }) =>
    `MOLECULE_PLUGINS is not usable:\n${formatFaults(d.faults)}`,

  PLUGIN_MODULE_NOT_FOUND: (d: { plugin: string; module: string; reason: string }) =>
    `plugin "${d.plugin}": module ${JSON.stringify(d.module)} can't be found: ${d.reason}; install it, or correct "module" in the manifest`,
  PLUGIN_IMPORT_FAILED: (d: { plugin: string; module: string; reason: string }) =>
    `plugin "${d.plugin}": importing ${JSON.stringify(d.module)} failed: ${d.reason}`,
  PLUGIN_EXPORT_INVALID: (d: { plugin: string; module: string; faults: readonly Fault[] }) =>
    `plugin "${d.plugin}": module ${JSON.stringify(d.module)} must default-export definePlugin({...}):\n${formatFaults(d.faults)}`,
  PLUGIN_API_UNSUPPORTED: (d: { plugin: string; found: string; allowed: readonly number[] }) =>
    `plugin "${d.plugin}": made for plugin api ${d.found}; this host offers ${d.allowed.join(", ")}; install a version of the plugin for one of these`,
  PLUGIN_STAGE_MISMATCH: (d: { plugin: string; declared: string }) =>
    `plugin "${d.plugin}": its module declares stage "${d.declared}"; set "stage": "${d.declared}" in its manifest entry`,
  PLUGIN_CONFIG_INVALID: (d: { plugin: string; faults: readonly Fault[] }) =>
    `plugin "${d.plugin}": its "config" in the manifest has ${d.faults.length} fault${d.faults.length === 1 ? "" : "s"}:\n${formatFaults(d.faults)}`,
  PLUGIN_SETUP_FAILED: (d: { plugin: string; reason: string }) =>
    `plugin "${d.plugin}": setup failed: ${d.reason}`,
  PLUGIN_SETUP_TIMEOUT: (d: { plugin: string; timeoutMs: number }) =>
    `plugin "${d.plugin}": setup did not finish within ${d.timeoutMs} ms; move long work to a boot task or a loop`,
  PLUGIN_DISPOSE_FAILED: (d: { plugin: string; reasons: readonly string[] }) =>
    `plugin "${d.plugin}": ${d.reasons.length} of its disposers failed: ${d.reasons.join("; ")}`,
  PLUGIN_SCOPE_CLOSED: (d: { plugin: string }) =>
    `plugin "${d.plugin}": it is disabled and can't add anything; add contributions during setup`,
  PLUGIN_PORT_UNKNOWN: (d: { plugin: string; token: string }) =>
    `plugin "${d.plugin}": this host offers no ${d.token}; resolve only the tokens that @molecule/core exports`,
  PLUGIN_UNKNOWN: (d: { plugin: string; known: readonly string[] }) =>
    `no plugin is named ${JSON.stringify(d.plugin)}; the manifest lists ${d.known.join(", ") || "none"}`,
  PLUGIN_TOGGLE_REFUSED: (d: { plugin: string }) =>
    `plugin "${d.plugin}": it is of stage env and runs before the database is open, so it can't be toggled at run time; use MOLECULE_PLUGINS and restart`,
  PLUGIN_TRIAL_FAILED: (d: { plugin: string; code: string; reason: string }) =>
    `plugin "${d.plugin}" can't be switched on for the preview: ${d.reason} [${d.code}]`,
  PLUGIN_REQUIRED_FAILED: (d: { plugin: string; reason: string }) =>
    `required plugin "${d.plugin}" failed and the host can't run without it: ${d.reason}`,

  PLUGIN_INTEGRITY_MISMATCH: (d: { plugin: string; expected: string; found: string }) =>
    `plugin "${d.plugin}": the files of its package give ${d.found}, but the manifest has integrity ${d.expected}; nothing of it was run. Restore the package, or, when the change is wanted, run: molecule plugins lock`,
  PLUGIN_INTEGRITY_UNREADABLE: (d: { plugin: string; reason: string }) =>
    `plugin "${d.plugin}": its integrity can't be computed: ${d.reason}; install the package again`,

  PLUGIN_ISOLATION_UNSUPPORTED: (d: { plugin: string; what: string }) =>
    `plugin "${d.plugin}": ${d.what} is not possible with isolation "worker", which is for env mutators alone; remove "isolation" from its manifest entry`,
  PLUGIN_WORKER_CRASHED: (d: { plugin: string; reason: string }) =>
    `plugin "${d.plugin}": its worker ended: ${d.reason}`,
  PLUGIN_WORKER_ANSWER_INVALID: (d: { plugin: string; call: string }) =>
    `plugin "${d.plugin}": its worker answered ${d.call} with something of another shape; update the plugin, or report this to its author`,
  PLUGIN_WORKER_STOPPED: (d: { plugin: string }) =>
    `plugin "${d.plugin}": it was called after it had been disabled; its worker is gone`,
});
