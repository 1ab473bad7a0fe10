import { readManifest, type Manifest } from "@molecule/core";
import type { PluginDecision } from "@molecule/core/testing";
import { toFoundFault, type FoundFault } from "./found-fault.js";
import { inspectInThread } from "./inspection.js";
import type { ValidatedPlugin, Validation } from "./validate.js";

/** Checks a manifest, the overrides of the environment, and each plugin. */
export async function validateManifest(
  path: string,
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly all: boolean },
): Promise<Validation> {
  let manifest: Manifest;
  try {
    manifest = await readManifest(path);
  } catch (error) {
    return { plugins: [], faults: [toFoundFault(error)] };
  }
  const faults: FoundFault[] = [];
  const plugins: ValidatedPlugin[] = [];
  for (const { entry, enabled, reason } of await decide(manifest, options.env, faults)) {
    const { name, module } = entry;
    if (!enabled && !options.all) {
      plugins.push({ name, module, version: null, reason, outcome: "not-checked" });
      continue;
    }
    const inspection = await inspectInThread({ module, entry, dir: manifest.dir });
    if (!inspection.ok) faults.push(inspection.fault);
    plugins.push({
      name,
      module,
      version: inspection.ok ? inspection.version : null,
      reason,
      outcome: inspection.ok ? "ok" : "faulty",
    });
  }
  return { plugins, faults };
}

/** Which plugins are on. Faulty overrides are told, and the plugins are checked as if there were none. */
async function decide(
  manifest: Manifest,
  env: Readonly<Record<string, string | undefined>>,
  faults: FoundFault[],
): Promise<PluginDecision[]> {
  const { decidePlugins } = await import("@molecule/core/testing");
  try {
    return decidePlugins(manifest, env);
  } catch (error) {
    faults.push(toFoundFault(error));
    return decidePlugins(manifest, { ...env, MOLECULE_PLUGINS: undefined });
  }
}
