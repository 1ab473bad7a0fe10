import type { HookRegistry } from "../hooks/registry.js";
import type { PluginStatus } from "./plugin-status.js";

/** The names of what a plugin has added to a registry, in order. */
export function namesOf<T extends { readonly name: string }>(
  registry: HookRegistry<T>,
  plugin: string,
): string[] {
  return registry
    .entries()
    .filter((entry) => entry.owner.plugin === plugin)
    .map((entry) => entry.contribution.name);
}

/** A plugin's contributions and conflicts in one line, for the boot tree. */
export function describeContributions({ contributions, conflicts }: PluginStatus): string {
  const parts = [
    ...contributions.env_mutators.map((name) => `env mutator ${name}`),
    ...contributions.boot_tasks.map((name) => `boot task ${name}`),
    ...contributions.loops.map((name) => `loop ${name}`),
    ...conflicts.map(({ variable, plugin }) => `CONFLICT with ${plugin} over ${variable}`),
  ];
  return parts.join(", ");
}
