import { errors } from "../errors.js";
import type { Clock } from "../ports/clock.js";
import type { Logger } from "../ports/logger.js";
import { bounded } from "../util/bounded.js";
import type { PluginScope } from "./scope.js";

/** Ms that a plugin's disposers get together. */
const DISPOSE_TIMEOUT_MS = 10_000;

/**
 * Runs a scope's disposers, and waits for them 10 s at most. Never throws: whatever a plugin does at its end, what
 * comes after it goes on.
 * @returns PLUGIN_DISPOSE_FAILED when some failed or did not end in time, else undefined
 */
export async function disposeScope(
  scope: PluginScope,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<unknown> {
  const { plugin } = scope;
  const reasons = [`disposers did not finish within ${DISPOSE_TIMEOUT_MS} ms`];
  const disposed = await bounded(() => scope.dispose(), {
    clock,
    timeoutMs: DISPOSE_TIMEOUT_MS,
    onTimeout: () => errors.PLUGIN_DISPOSE_FAILED({ plugin, reasons }),
  });
  scope.disposeRest((reason) => {
    log.warn(`a disposer failed: ${reason}`, { plugin });
  });
  return disposed.ok ? undefined : disposed.error;
}
