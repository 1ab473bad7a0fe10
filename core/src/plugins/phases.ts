import { isCodedError, messageOf } from "../coded-error.js";
import { errors } from "../errors.js";
import type { Clock } from "../ports/clock.js";
import { compileValidator, type JsonSchema, type Validator } from "../schema/validate.js";
import { bounded } from "../util/bounded.js";
import type { PluginEntry } from "./manifest-schema.js";

/** Ms that importing a plugin's module gets: a `await` at its top level may never end. */
const IMPORT_TIMEOUT_MS = 30_000;

/** Ms that a plugin's setup gets. */
const SETUP_TIMEOUT_MS = 10_000;

/**
 * Waits for a plugin's import, 30 s at most.
 * @param work gets a signal that aborts when the time is over
 * @throws PLUGIN_IMPORT_FAILED when the time is over, and what `work` throws
 */
export function withinImportTime<T>(
  entry: PluginEntry,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return within(clock, IMPORT_TIMEOUT_MS, work, () => {
    const reason = `it did not finish within ${IMPORT_TIMEOUT_MS} ms`;
    return errors.PLUGIN_IMPORT_FAILED({ plugin: entry.name, module: entry.module, reason });
  });
}

/**
 * Waits for a plugin's setup, 10 s at most.
 * @throws PLUGIN_SETUP_TIMEOUT when the time is over, PLUGIN_SETUP_FAILED, or the coded error that `work` throws
 */
export async function withinSetupTime<T>(
  entry: PluginEntry,
  clock: Clock,
  work: () => T | Promise<T>,
): Promise<T> {
  const plugin = entry.name;
  try {
    return await within(clock, SETUP_TIMEOUT_MS, work, () =>
      errors.PLUGIN_SETUP_TIMEOUT({ plugin, timeoutMs: SETUP_TIMEOUT_MS }),
    );
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw errors.PLUGIN_SETUP_FAILED({ plugin, reason: messageOf(error) }, { cause: error });
  }
}

/**
 * A copy of the entry's config with the schema's defaults filled in.
 * @param schema the plugin's own; without one, only an empty config is accepted
 * @throws PLUGIN_CONFIG_INVALID with every fault
 */
export function validateConfig(entry: PluginEntry, schema: JsonSchema | undefined): unknown {
  const config: unknown = structuredClone(entry.config ?? {});
  const faults = validatorOf(schema)(config);
  if (faults.length > 0) throw errors.PLUGIN_CONFIG_INVALID({ plugin: entry.name, faults });
  return config;
}

let noConfig: Validator | undefined;

/** Compiling costs a millisecond: plugins without a schema, which are many, share one validator. */
function validatorOf(schema: JsonSchema | undefined): Validator {
  if (schema !== undefined) return compileValidator(schema, { useDefaults: true });
  noConfig ??= compileValidator({ type: "object", additionalProperties: false });
  return noConfig;
}

async function within<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => T | Promise<T>,
  onTimeout: () => unknown,
): Promise<T> {
  const result = await bounded(work, { clock, timeoutMs, onTimeout });
  if (!result.ok) throw result.error;
  return result.value;
}
