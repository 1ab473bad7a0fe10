import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Every coded error of this plugin. */
export const errors = defineErrors({
  GH_IDENTITY_CONFIG_UNREADABLE: (d: { path: string; reason: string }) =>
    `plugin "gh-identity": ${d.path}, the value of MOLECULE_GH_IDENTITY_CONFIG_FILE, can't be read: ${d.reason}; give it a readable YAML file in UTF-8, or unset it`,
  GH_IDENTITY_CONFIG_INVALID: (d: { source: string; faults: readonly Fault[] }) =>
    `plugin "gh-identity": ${d.source} has ${d.faults.length} fault${d.faults.length === 1 ? "" : "s"}:\n${formatFaults(d.faults)}`,
  GH_IDENTITY_WRAPPER_UNREADABLE: (d: { path: string; reason: string }) =>
    `plugin "gh-identity": its gh wrapper ${d.path} can't be read: ${d.reason}; install the package again`,
});
