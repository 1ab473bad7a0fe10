import type { Fault } from "../coded-error.js";
import { errors } from "../errors.js";
import type { PluginEntry } from "./manifest-schema.js";

/** Whether a plugin is to run, and what decided it. */
export interface Enablement {
  readonly enabled: boolean;
  /** What decided, for the operator. */
  readonly reason: string;
}

/** What decides over a plugin, beside its manifest entry. */
export interface EnablementInputs {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From `MOLECULE_PLUGINS`; see {@link parseOverrides}. */
  readonly overrides: ReadonlyMap<string, boolean>;
  /** Toggled at run time through the API. */
  readonly toggles: ReadonlyMap<string, boolean>;
}

/** Decides over one plugin. Precedence: run-time toggle, `MOLECULE_PLUGINS`, `enabled`, `when`. */
export function decideEnablement(entry: PluginEntry, inputs: EnablementInputs): Enablement {
  const toggled = inputs.toggles.get(entry.name);
  if (toggled !== undefined)
    return { enabled: toggled, reason: `toggled ${toggled ? "on" : "off"} at run time` };
  const overridden = inputs.overrides.get(entry.name);
  if (overridden !== undefined) {
    return { enabled: overridden, reason: `MOLECULE_PLUGINS has ${overridden ? "+" : "-"}${entry.name}` };
  }
  if (entry.enabled !== undefined) {
    return { enabled: entry.enabled, reason: `"enabled": ${entry.enabled} in the manifest` };
  }
  if (entry.when === undefined) return { enabled: true, reason: "listed in the manifest" };
  return decideCondition(entry.when, inputs.env);
}

function decideCondition(when: NonNullable<PluginEntry["when"]>, env: EnablementInputs["env"]): Enablement {
  const value = env[when.env];
  if (when.equals !== undefined) {
    const enabled = value === when.equals;
    const expected = `${when.env}=${when.equals}`;
    return { enabled, reason: enabled ? `${expected} is set` : `waits for ${expected}` };
  }
  const enabled = value !== undefined && value.trim() !== "";
  return { enabled, reason: enabled ? `${when.env} is set` : `waits for ${when.env} to be set` };
}

/**
 * Reads `MOLECULE_PLUGINS`: names with `+` or `-` before them, separated by commas. The last word on a name counts.
 * @throws PLUGIN_OVERRIDES_INVALID with every fault: no sign, or a name that the manifest does not have
 */
export function parseOverrides(
  text: string | undefined,
  names: readonly string[],
): ReadonlyMap<string, boolean> {
  const overrides = new Map<string, boolean>();
  const faults: Fault[] = [];
  const words = (text ?? "").split(",").map((word) => word.trim());
  for (const word of words.filter((each) => each !== "")) {
    const name = word.slice(1);
    const path = "MOLECULE_PLUGINS";
    if (!word.startsWith("+") && !word.startsWith("-")) {
      faults.push({ path, found: JSON.stringify(word), allowed: `"+${word}" or "-${word}"` });
    } else if (!names.includes(name)) {
      const allowed =
        names.length === 0 ? "nothing: the manifest lists no plugin" : `one of ${names.join(", ")}`;
      faults.push({ path, found: JSON.stringify(name), allowed });
    } else overrides.set(name, word.startsWith("+"));
  }
  if (faults.length > 0) throw errors.PLUGIN_OVERRIDES_INVALID({ faults });
  return overrides;
}
