import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Errors of the `molecule` command's arguments. */
export const cliErrors = defineErrors({
  HOST_NOT_REACHABLE: (d: { url: string; reason: string }) =>
    `no host answers at ${d.url}: ${d.reason}; start it, or give its address with --url`,
  HOST_REFUSED: (d: { call: string; status: number; reason: string }) =>
    `the host answered ${d.call} with ${d.status}: ${d.reason}${d.status === 401 ? "; set ADMIN_TOKEN, or MOLECULE_DATA_DIR to the host's data folder" : ""}`,
  HOST_ANSWER_INVALID: (d: { call: string; faults: readonly Fault[] }) =>
    `the answer to ${d.call} is not that of this version of the host:\n${formatFaults(d.faults)}`,
  IMAGES_NOT_REFRESHED: (d: { errors: Readonly<Record<string, string>> }) =>
    `not every image was brought up to date:\n${Object.entries(d.errors)
      .map(([runtime, error]) => `  - ${runtime}: ${error}`)
      .join("\n")}`,
  BUILD_ARG_INVALID: (d: { found: string }) =>
    `--build-arg: found ${JSON.stringify(d.found)}, allowed: KEY=VALUE with a KEY of the Dockerfile's ARG lines`,
  TEMPLATE_UNKNOWN: (d: { found: readonly string[]; known: readonly string[] }) =>
    `no template with a "build" entry is named ${d.found.join(", ")}; the manifest has: ${d.known.join(", ") || "none"}`,
});
