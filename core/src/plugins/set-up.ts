import { errors } from "../errors.js";
import type { HookRegistries } from "../hooks/registries.js";
import type { Clock } from "../ports/clock.js";
import type { Logger } from "../ports/logger.js";
import { compileValidator } from "../schema/validate.js";
import { bounded } from "../util/bounded.js";
import type { Plugin } from "./define-plugin.js";
import { loadPlugin } from "./loader.js";
import type { PluginEntry } from "./manifest-schema.js";
import { createPluginContext } from "./plugin-context.js";
import type { PluginTimings } from "./plugin-status.js";
import type { PluginScope } from "./scope.js";

/** Ms that importing a plugin's module gets: a `await` at its top level may never end. */
const IMPORT_TIMEOUT_MS = 30_000;

/** Ms that a plugin's setup gets. */
const SETUP_TIMEOUT_MS = 10_000;

/** What {@link setUpPlugin} works with. */
export interface SetUpInputs {
  readonly scope: PluginScope;
  readonly registries: HookRegistries;
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly manifestDir: string;
  /** Place in the manifest's effective order. */
  readonly order: number;
  /** How often it was loaded before and failed. */
  readonly loads: number;
  readonly onVersion: (version: string) => void;
  readonly onTiming: (timing: Partial<PluginTimings>) => void;
}

/**
 * Imports a plugin, validates its config and runs its setup, each phase timed.
 * @throws a coded error; what the plugin added by then is in its scope, for the caller to dispose
 */
export async function setUpPlugin(entry: PluginEntry, inputs: SetUpInputs): Promise<void> {
  const { clock, scope, onTiming } = inputs;
  const importStarted = clock.monotonic();
  const loaded = await bounded(() => loadPlugin(entry, inputs.manifestDir, inputs.loads), {
    clock,
    timeoutMs: IMPORT_TIMEOUT_MS,
    onTimeout: () => {
      const reason = `it did not finish within ${IMPORT_TIMEOUT_MS} ms`;
      return errors.PLUGIN_IMPORT_FAILED({ plugin: entry.name, module: entry.module, reason });
    },
  });
  if (!loaded.ok) throw loaded.error;
  const { plugin, version } = loaded.value;
  const validateStarted = clock.monotonic();
  inputs.onVersion(version);
  onTiming({ import_ms: validateStarted - importStarted });
  const config = validateConfig(entry, plugin);
  const setupStarted = clock.monotonic();
  onTiming({ validate_ms: setupStarted - validateStarted });
  const context = createPluginContext({
    scope,
    registries: inputs.registries,
    owner: { plugin: entry.name, version, order: inputs.order },
    config,
    env: inputs.env,
    manifestDir: inputs.manifestDir,
    log: inputs.log,
  });
  const setup = await bounded(() => plugin.setup(context), {
    clock,
    timeoutMs: SETUP_TIMEOUT_MS,
    onTimeout: () => errors.PLUGIN_SETUP_TIMEOUT({ plugin: entry.name, timeoutMs: SETUP_TIMEOUT_MS }),
  });
  onTiming({ setup_ms: clock.monotonic() - setupStarted });
  if (!setup.ok) throw setup.error;
}

/** A copy of the entry's config with the schema's defaults filled in. */
function validateConfig(entry: PluginEntry, plugin: Plugin): unknown {
  const config: unknown = structuredClone(entry.config ?? {});
  const schema = plugin.config ?? { type: "object", additionalProperties: false };
  const faults = compileValidator(schema, { useDefaults: true })(config);
  if (faults.length > 0) throw errors.PLUGIN_CONFIG_INVALID({ plugin: entry.name, faults });
  return config;
}
