import type { WorkspaceTemplate } from "@molecule/core";

const DEFAULT_SECONDS = 600;
/** Runtimes whose images take long to come up; design.md §5. */
const BY_RUNTIME: Readonly<Record<string, number>> = { hermes: 1800 };

/**
 * Seconds that a workspace of `runtime` may stay in provisioning. `PROVISION_TIMEOUT_SECONDS` rules over the
 * template's figure, that over the runtime's, that over the default.
 */
export function provisionTimeoutSeconds(
  runtime: string,
  templates: readonly WorkspaceTemplate[],
  override: number | null,
): number {
  const declared = declaredTimeoutSeconds(runtime, templates);
  return override ?? declared ?? DEFAULT_SECONDS;
}

/** The deadline that the runtime itself declares, or null; what the workspace object tells clients. */
export function declaredTimeoutSeconds(
  runtime: string,
  templates: readonly WorkspaceTemplate[],
): number | null {
  const template = templates.find((each) => each.name === runtime);
  return template?.provisionTimeoutSeconds ?? BY_RUNTIME[runtime] ?? null;
}
