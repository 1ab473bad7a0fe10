import { errors } from "../errors.js";
import type { HookRegistries } from "../hooks/registries.js";
import type { Logger } from "../ports/logger.js";
import { maskConfig } from "../masking/mask-config.js";
import { namesOf } from "./contributions.js";
import type { HookStats } from "./hook-stats.js";
import type { PluginRecord } from "./plugin-record.js";
import type { PluginStatus } from "./plugin-status.js";
import type { WriteConflict, WriteConflicts } from "./write-conflicts.js";

/** What a {@link PluginView} looks at. */
export interface PluginViewServices {
  readonly registries: HookRegistries;
  readonly stats: Pick<HookStats, "of">;
  readonly conflicts: Pick<WriteConflicts, "between">;
  readonly log: Logger;
  readonly mask: (text: string) => string;
}

/** Tells the operator of plugins: how each is, and which of them are in each other's way. Changes nothing. */
export class PluginView {
  readonly #records: readonly PluginRecord[];
  readonly #services: PluginViewServices;

  constructor(records: readonly PluginRecord[], services: PluginViewServices) {
    this.#records = records;
    this.#services = services;
  }

  describe(record: PluginRecord): PluginStatus {
    const { entry, error } = record;
    const { registries, stats, mask } = this.#services;
    return {
      name: entry.name,
      module: entry.module,
      stage: entry.stage ?? "main",
      state: record.state,
      reason: record.decision.reason,
      version: record.version,
      required: entry.required ?? false,
      isolation: entry.isolation ?? "none",
      error: error === null ? null : { code: error.code, message: mask(error.message) },
      contributions: {
        env_mutators: namesOf(registries.envMutators, entry.name),
        boot_tasks: namesOf(registries.bootTasks, entry.name),
        loops: namesOf(registries.loops, entry.name),
      },
      conflicts: this.conflictsOf(record),
      config: maskConfig(entry.config ?? {}, mask),
      timings: record.timings,
      hooks: stats.of(entry.name),
    };
  }

  /** The variables that a plugin sets as other enabled ones do; none while it is not enabled itself. */
  conflictsOf(record: PluginRecord): WriteConflict[] {
    const { conflicts, registries } = this.#services;
    const mutating = new Set(registries.envMutators.entries().map(({ owner }) => owner.plugin));
    const writers = this.#records
      .filter(({ state, entry }) => state === "enabled" && mutating.has(entry.name))
      .map(({ entry }) => entry);
    return writers.includes(record.entry) ? conflicts.between(record.entry, writers) : [];
  }

  /** Logs which variables a plugin sets that other enabled plugins set too. */
  warnOfConflicts(record: PluginRecord, conflicts: readonly WriteConflict[]): void {
    const plugin = record.entry.name;
    for (const { variable, plugin: other, basis } of conflicts) {
      const rival = this.#records.find(({ entry }) => entry.name === other);
      if (rival?.state !== "enabled") continue;
      const winner = (rival.order > record.order ? rival : record).entry.name;
      const { code, message } = errors.ENV_WRITE_CONFLICT({ plugin, other, variable, basis, winner });
      this.#services.log.warn(message, { code, plugin });
    }
  }
}
