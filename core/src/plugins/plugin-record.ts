import type { CodedError } from "../coded-error.js";
import type { Enablement } from "./enablement.js";
import type { PluginEntry } from "./manifest-schema.js";
import type { PluginState, PluginTimings } from "./plugin-status.js";
import type { PluginScope } from "./scope.js";

/** What the plugin host knows of one plugin of the manifest, as it stands now. */
export interface PluginRecord {
  readonly entry: PluginEntry;
  /** Place in the manifest's effective order, from 1. */
  readonly order: number;
  state: PluginState;
  decision: Enablement;
  /** Null until its module was imported. */
  version: string | null;
  error: CodedError | null;
  timings: PluginTimings;
  /** All that it holds; null while it does not run. */
  scope: PluginScope | null;
  /** How often it was loaded and failed. */
  loads: number;
}

/** The timings of a plugin that has reached no phase. */
export const NO_TIMINGS: PluginTimings = { import_ms: null, validate_ms: null, setup_ms: null };

/** The records of a manifest's plugins before any is loaded; given and kept in effective order. */
export function recordsOf(entries: readonly PluginEntry[]): PluginRecord[] {
  return entries.map((entry, index) => ({
    entry,
    order: index + 1,
    state: "disabled",
    decision: { enabled: false, reason: "not loaded yet" },
    version: null,
    error: null,
    timings: NO_TIMINGS,
    scope: null,
    loads: 0,
  }));
}
