import type { PluginStage } from "./define-plugin.js";
import type { WriteConflict } from "./write-conflicts.js";
import type { HookFigures, HookName } from "./hook-stats.js";

/** Where a plugin is in its life. */
export type PluginState = "disabled" | "enabling" | "enabled" | "failed" | "disabling";

/** Ms that each phase of enabling took; null for one that was not reached. */
export interface PluginTimings {
  readonly import_ms: number | null;
  readonly validate_ms: number | null;
  readonly setup_ms: number | null;
}

/** A plugin as the operator sees it. */
export interface PluginStatus {
  readonly name: string;
  readonly module: string;
  readonly stage: PluginStage;
  readonly state: PluginState;
  /** What decided that it is on or off. */
  readonly reason: string;
  /** Null until its module was imported. */
  readonly version: string | null;
  readonly required: boolean;
  /** `worker`: it runs in a worker thread. Contains its faults; is no security boundary. */
  readonly isolation: "worker" | "none";
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly contributions: {
    readonly env_mutators: readonly string[];
    readonly boot_tasks: readonly string[];
    readonly loops: readonly string[];
  };
  /** Variables that another enabled plugin sets too. */
  readonly conflicts: readonly WriteConflict[];
  /** Its config of the manifest, secrets masked. */
  readonly config: unknown;
  readonly timings: PluginTimings;
  /** Calls per hook; previews and dry runs left out. */
  readonly hooks: Readonly<Record<HookName, HookFigures>>;
}
