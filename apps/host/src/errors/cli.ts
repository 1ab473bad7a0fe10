import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Errors of `molecule plugins`. */
export const pluginCommandErrors = defineErrors({
  PLUGIN_NAME_INVALID: (d: { found: string }) =>
    `plugin name: found ${JSON.stringify(d.found)}, allowed: 1 to 64 of a-z, 0-9 and -, starting with a letter or digit`,
  PLUGIN_NAME_TAKEN: (d: { name: string; manifest: string }) =>
    `plugin name: ${JSON.stringify(d.name)} is taken by an entry of ${d.manifest}; choose another name`,
  PLUGIN_FOLDER_TAKEN: (d: { path: string }) =>
    `${d.path} is there already and is not empty; give another folder with --dir, or another name`,
  PLUGIN_FOLDER_UNUSABLE: (d: { path: string; reason: string }) =>
    `can't write the plugin to ${d.path}: ${d.reason}; give a folder that can be written with --dir`,
  PLUGIN_PACKAGE_INVALID: (d: { path: string; faults: readonly Fault[] }) =>
    `${d.path} is no package of a plugin:\n${formatFaults(d.faults)}`,
  PLUGINS_FAULTY: (d: { path: string; count: number }) =>
    `${d.path}: ${d.count} fault${d.count === 1 ? "" : "s"}, told above; put them right and validate again`,
  MANIFEST_NOT_WRITABLE: (d: { path: string; reason: string }) =>
    `manifest ${d.path} can't be written: ${d.reason}; nothing was changed`,
});
