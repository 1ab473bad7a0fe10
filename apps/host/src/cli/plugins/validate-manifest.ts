import { readManifest, type Manifest } from "@molecule/core";
import type { PluginDecision } from "@molecule/core/testing";
import type { CliContext } from "../program.js";
import { toFoundFault, type FoundFault } from "./found-fault.js";
import { hostEnv } from "./host-env.js";
import { inspectInThread } from "./inspection.js";
import { soundPart } from "./sound-part.js";
import type { ValidatedPlugin, Validation } from "./validate.js";

/**
 * Checks a manifest, the overrides of the environment, and each plugin. Those of stage `env` come first and, without a
 * fault, are run, since what they set decides which others are on. In a manifest that is faulty itself, the plugins
 * whose entries are not are checked all the same.
 */
export async function validateManifest(path: string, context: CliContext, all: boolean): Promise<Validation> {
  let manifest: Manifest;
  try {
    manifest = await readManifest(path);
  } catch (error) {
    const fault = toFoundFault(error);
    const sound = fault.code === "MANIFEST_INVALID" ? await soundPart(path, fault.faults) : null;
    if (sound === null) return { plugins: [], faults: [fault] };
    // Overrides may name the plugins that are left out, so nothing is said of them.
    const { plugins, faults } = await validatePlugins(sound, context, { all, overrides: false });
    return { plugins, faults: [fault, ...faults] };
  }
  return await validatePlugins(manifest, context, { all, overrides: true });
}

async function validatePlugins(
  manifest: Manifest,
  context: CliContext,
  { all, overrides }: { readonly all: boolean; readonly overrides: boolean },
): Promise<Validation> {
  const overrideFaults: FoundFault[] = [];
  const isFiller = ({ entry }: PluginDecision) => entry.stage === "env";
  const atStart = await decide(manifest, context.env, []);
  const fillers = await inspectAll(atStart.filter(isFiller), manifest.dir, all);
  const env = fillers.some(({ fault }) => fault !== undefined)
    ? context.env
    : await hostEnv(manifest, context);
  const decisions = await decide(manifest, env, overrideFaults);
  const others = await inspectAll(
    decisions.filter((each) => !isFiller(each)),
    manifest.dir,
    all,
  );
  const inspected = new Map([...fillers, ...others].map((each) => [each.plugin.name, each]));
  const inOrder = manifest.plugins.flatMap(({ name }) => inspected.get(name) ?? []);
  return {
    plugins: inOrder.map(({ plugin }) => plugin),
    faults: [...(overrides ? overrideFaults : []), ...inOrder.flatMap(({ fault }) => fault ?? [])],
  };
}

interface Inspected {
  readonly plugin: ValidatedPlugin;
  readonly fault?: FoundFault;
}

async function inspectAll(
  decisions: readonly PluginDecision[],
  dir: string,
  all: boolean,
): Promise<Inspected[]> {
  const inspected: Inspected[] = [];
  for (const { entry, enabled, reason } of decisions) {
    const { name, module } = entry;
    const plugin = { name, module, version: null, reason };
    if (!enabled && !all) {
      inspected.push({ plugin: { ...plugin, outcome: "not-checked" } });
      continue;
    }
    const inspection = await inspectInThread({ module, entry, dir });
    inspected.push(
      inspection.ok
        ? { plugin: { ...plugin, version: inspection.version, outcome: "ok" } }
        : { plugin: { ...plugin, outcome: "faulty" }, fault: inspection.fault },
    );
  }
  return inspected;
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
