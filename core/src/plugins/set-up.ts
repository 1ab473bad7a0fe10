import type { HookRegistries } from "../hooks/registries.js";
import type { Clock } from "../ports/clock.js";
import type { Logger } from "../ports/logger.js";
import { verifyIntegrity } from "./isolation/integrity.js";
import { setUpIsolated } from "./isolation/set-up-isolated.js";
import { loadPlugin } from "./loader.js";
import { locatePlugin } from "./locate.js";
import type { PluginEntry } from "./manifest-schema.js";
import { validateConfig, withinImportTime, withinSetupTime } from "./phases.js";
import { createPluginContext } from "./plugin-context.js";
import type { PluginTimings } from "./plugin-status.js";
import type { PluginScope } from "./scope.js";

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
 * Imports a plugin, validates its config and runs its setup, each phase timed; in a worker where its entry says so.
 * @throws a coded error; what the plugin added by then is in its scope, for the caller to dispose
 */
export async function setUpPlugin(entry: PluginEntry, inputs: SetUpInputs): Promise<void> {
  if (entry.isolation === "worker") {
    await setUpIsolated(entry, inputs);
    return;
  }
  const { clock, onTiming } = inputs;
  const importStarted = clock.monotonic();
  const { plugin, version } = await withinImportTime(entry, clock, async () => {
    const url = locatePlugin(entry, inputs.manifestDir);
    await verifyIntegrity(entry, inputs.manifestDir);
    return loadPlugin(entry, url, inputs.loads);
  });
  const validateStarted = clock.monotonic();
  inputs.onVersion(version);
  onTiming({ import_ms: validateStarted - importStarted });
  const config = validateConfig(entry, plugin.config);
  const setupStarted = clock.monotonic();
  onTiming({ validate_ms: setupStarted - validateStarted });
  const context = createPluginContext({
    scope: inputs.scope,
    registries: inputs.registries,
    owner: { plugin: entry.name, version, order: inputs.order },
    stage: plugin.stage,
    config,
    env: inputs.env,
    manifestDir: inputs.manifestDir,
    log: inputs.log,
  });
  try {
    await withinSetupTime(entry, clock, () => plugin.setup(context));
    inputs.scope.isSetUp = true;
  } finally {
    onTiming({ setup_ms: clock.monotonic() - setupStarted });
  }
}
