import { formatFaults, type BootTask, type BootTaskContext } from "@molecule/core";
import { sort } from "./acceptance.js";
import { endpointOf, missingVariables } from "./endpoint.js";
import { fetchConfig } from "./fetch-config.js";

/** Ms for the whole call. */
const TIMEOUT_MS = 10_000;

/** Refused entries that are told one by one. */
const MAX_TOLD = 20;

/** The boot task that takes the tenant's environment over from its control plane. */
export const controlPlaneTask: BootTask = {
  name: "control-plane-env",
  stage: "env",
  source: "control plane",
  timeoutMs: TIMEOUT_MS,
  run: takeOver,
};

async function takeOver({ env, signal, log }: BootTaskContext): Promise<string> {
  const missing = missingVariables(env);
  if (missing.length > 0) return `no control plane: ${missing.join(", ")} not set`;
  const endpoint = endpointOf(env);
  const { accepted, refused } = sort(await fetchConfig(endpoint, signal));
  for (const [name, value] of accepted) env[name] = value;
  const counts = `set ${accepted.size}, refused ${refused.length}`;
  log.info(`control plane: ${endpoint.url} — ${counts}`);
  if (refused.length > 0) {
    const more = refused.length > MAX_TOLD ? `\n  and ${refused.length - MAX_TOLD} more` : "";
    const told = formatFaults(refused.slice(0, MAX_TOLD));
    log.warn(`control plane: ${refused.length} entries of its answer are not used:\n${told}${more}`);
  }
  return counts;
}
