import { defineErrors } from "@molecule/core";

/** Errors of the `molecule` command's arguments. */
export const cliErrors = defineErrors({
  BUILD_ARG_INVALID: (d: { found: string }) =>
    `--build-arg: found ${JSON.stringify(d.found)}, allowed: KEY=VALUE with a KEY of the Dockerfile's ARG lines`,
  TEMPLATE_UNKNOWN: (d: { found: readonly string[]; known: readonly string[] }) =>
    `no template with a "build" entry is named ${d.found.join(", ")}; the manifest has: ${d.known.join(", ") || "none"}`,
});
