import type { WorkspaceTemplate } from "@molecule/core";

/** Runtimes whose images take long to come up, in seconds. */
const BY_RUNTIME: ReadonlyMap<string, number> = new Map([["hermes", 1800]]);

/** Seconds that a workspace of `runtime` may stay in provisioning, as the runtime declares it; null when it does not. */
export function declaredTimeoutSeconds(
  runtime: string,
  templates: readonly WorkspaceTemplate[],
): number | null {
  const template = templates.find((each) => each.name === runtime);
  return template?.provisionTimeoutSeconds ?? BY_RUNTIME.get(runtime) ?? null;
}
