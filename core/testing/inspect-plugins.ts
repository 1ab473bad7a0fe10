import {
  compileValidator,
  messageOf,
  parseManifest,
  systemClock,
  type Manifest,
  type Plugin,
  type PluginEntry,
  type PluginStage,
} from "../src/index.js";
import { errors } from "../src/errors.js";
import { decideEnablement, parseOverrides } from "../src/plugins/enablement.js";
import { verifyIntegrity } from "../src/plugins/isolation/integrity.js";
import { loadPlugin, type LoadedPlugin } from "../src/plugins/loader.js";
import { locatePlugin } from "../src/plugins/locate.js";
import { validateConfig, withinImportTime } from "../src/plugins/phases.js";

/** Whether a manifest's plugin is on, and what decides that. */
export interface PluginDecision {
  readonly entry: PluginEntry;
  readonly enabled: boolean;
  /** `listed in the manifest`, `waits for GITHUB_APP_ID to be set`, … */
  readonly reason: string;
}

/**
 * What a host that starts now with this environment would decide on each plugin, in effective order. What its boot
 * tasks add to the environment comes later and does not count.
 * @param toggles the run-time toggles, by plugin: a host keeps them in its database
 * @throws PLUGIN_OVERRIDES_INVALID
 */
export function decidePlugins(
  manifest: Manifest,
  env: Readonly<Record<string, string | undefined>>,
  toggles: ReadonlyMap<string, boolean> = new Map(),
): PluginDecision[] {
  const names = manifest.plugins.map(({ name }) => name);
  const overrides = parseOverrides(env.MOLECULE_PLUGINS, names);
  return manifest.plugins.map((entry) => ({
    entry,
    ...decideEnablement(entry, { env, overrides, toggles }),
  }));
}

/** What is known of a plugin before its setup. */
export interface InspectedPlugin {
  readonly name: string;
  /** Of its package.json; `0.0.0` where there is none. */
  readonly version: string;
  readonly stage: PluginStage;
  /** Variables of the host's environment that it declares to read. */
  readonly variables: readonly string[];
}

/**
 * Checks a manifest entry as far as that goes without the plugin's setup: finds its module, compares its integrity,
 * imports it, and checks its export, api, stage and config. The import runs the module's top level in this process.
 * @throws PLUGIN_MODULE_NOT_FOUND, PLUGIN_INTEGRITY_MISMATCH, PLUGIN_INTEGRITY_UNREADABLE, PLUGIN_IMPORT_FAILED,
 * PLUGIN_EXPORT_INVALID, PLUGIN_API_UNSUPPORTED, PLUGIN_STAGE_MISMATCH, PLUGIN_CONFIG_INVALID
 */
export async function inspectPlugin(entry: PluginEntry, manifestDir: string): Promise<InspectedPlugin> {
  const loaded = await withinImportTime(entry, systemClock, async () => {
    const url = locatePlugin(entry, manifestDir);
    await verifyIntegrity(entry, manifestDir);
    return await loadPlugin(entry, url);
  });
  assertSchema(entry, loaded.plugin);
  validateConfig(entry, loaded.plugin.config);
  return inspected(loaded);
}

/**
 * Checks a plugin's module that no manifest lists yet: as {@link inspectPlugin}, under the name and the stage that
 * the module itself declares, and without a config.
 * @param module as in a manifest entry
 * @param dir the folder that `module` is found from
 * @throws as {@link inspectPlugin}; MANIFEST_INVALID when no manifest could list a plugin of that name
 */
export async function inspectModule(module: string, dir: string): Promise<InspectedPlugin> {
  // Called by its module until it has told its name.
  const unnamed: PluginEntry = { name: module, module };
  const loaded = await withinImportTime(unnamed, systemClock, async () => {
    const url = locatePlugin(unnamed, dir);
    const declared = await declaredIn(url);
    return await loadPlugin({ ...unnamed, ...declared }, url);
  });
  const { name } = loaded.plugin;
  const manifest = { version: 1, plugins: [{ name, module: "a-package" }], workspace_templates: [] };
  parseManifest(JSON.stringify(manifest), `${dir}/manifest.json`);
  assertSchema({ name, module }, loaded.plugin);
  return inspected(loaded);
}

/** Name and stage as the module declares them; nothing where it does not, or can't be imported. */
async function declaredIn(url: string): Promise<{ name?: string; stage?: PluginStage }> {
  const namespace: unknown = await import(url).catch(() => undefined);
  const plugin = asRecord(asRecord(namespace).default);
  return {
    ...(typeof plugin.name === "string" ? { name: plugin.name } : {}),
    ...(plugin.stage === "env" ? { stage: "env" } : {}),
  };
}

function inspected({ plugin, version }: LoadedPlugin): InspectedPlugin {
  return { name: plugin.name, version, stage: plugin.stage, variables: plugin.variables ?? [] };
}

/** @throws PLUGIN_EXPORT_INVALID when its config's schema is none */
function assertSchema({ name, module }: Pick<PluginEntry, "name" | "module">, plugin: Plugin): void {
  if (plugin.config === undefined) return;
  try {
    compileValidator(plugin.config);
  } catch (error) {
    const faults = [{ path: "default.config", found: messageOf(error), allowed: "a JSON Schema" }];
    throw errors.PLUGIN_EXPORT_INVALID({ plugin: name, module, faults }, { cause: error });
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
