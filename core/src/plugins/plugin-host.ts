import type { DependencyContainer } from "tsyringe";
import type { BootReport } from "../boot-report.js";
import { isCodedError, messageOf } from "../coded-error.js";
import { errors } from "../errors.js";
import type { ChainMutator } from "../hooks/env-mutators/chain.js";
import type { HookRegistries } from "../hooks/registries.js";
import type { Clock } from "../ports/clock.js";
import type { Logger } from "../ports/logger.js";
import { bounded } from "../util/bounded.js";
import type { PluginActivity } from "./activity.js";
import { describeContributions } from "./contributions.js";
import type { PluginStage } from "./define-plugin.js";
import { disposeScope } from "./dispose-scope.js";
import { decideEnablement, type EnablementInputs } from "./enablement.js";
import { assertIntegrity } from "./isolation/boot-integrity.js";
import type { Manifest } from "./manifest.js";
import type { HookStats } from "./hook-stats.js";
import { NO_TIMINGS, recordsOf, type PluginRecord } from "./plugin-record.js";
import type { PluginStatus } from "./plugin-status.js";
import { PluginView } from "./plugin-view.js";
import { PluginScope } from "./scope.js";
import { setUpPlugin } from "./set-up.js";
import { tryOutPlugins } from "./trial.js";
import type { WriteConflict, WriteConflicts } from "./write-conflicts.js";

/** Ms that a disable waits for mutators that were given up: those that heed their abort need no more. */
const LATE_TIMEOUT_MS = 1_000;

/** What the plugin host works with. */
export interface PluginHostServices {
  readonly manifest: Manifest;
  readonly registries: HookRegistries;
  readonly container: DependencyContainer;
  readonly activity: PluginActivity;
  readonly stats: Pick<HookStats, "of">;
  readonly conflicts: Pick<WriteConflicts, "between">;
  /** Told of a plugin that was taken down: what is remembered of its work goes with it. */
  readonly forget: (plugin: string) => void;
  /** Runs the boot tasks of a plugin whose stages are over, as it was enabled later. */
  readonly catchUp: (plugin: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: BootReport;
  readonly mask: (text: string) => string;
  /** What decides which plugins run, as it stands now. */
  readonly enablement: () => EnablementInputs;
}

/** Enables and disables the manifest's plugins. One plugin's fault leaves it `failed` and the others running. */
export class PluginHost {
  readonly #services: PluginHostServices;
  readonly #records: readonly PluginRecord[];
  readonly #view: PluginView;
  /** Changes of state happen one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(services: PluginHostServices) {
    this.#services = services;
    this.#records = recordsOf(services.manifest.plugins);
    this.#view = new PluginView(this.#records, services);
  }

  /**
   * Enables the plugins of one stage, in order, as far as they are to run.
   * @throws MANIFEST_INTEGRITY_MISMATCH before any is loaded
   * @throws PLUGIN_REQUIRED_FAILED when one with `required` fails
   */
  async load(stage: PluginStage): Promise<void> {
    const inputs = this.#services.enablement();
    await this.#assertIntegrity(stage, inputs);
    for (const record of this.#records.filter((each) => (each.entry.stage ?? "main") === stage)) {
      record.decision = decideEnablement(record.entry, inputs);
      await this.#exclusively(() => this.#loadOne(record));
      if (record.entry.required === true && record.error !== null) {
        const reason = record.error.message;
        throw errors.PLUGIN_REQUIRED_FAILED({ plugin: record.entry.name, reason }, { cause: record.error });
      }
    }
  }

  /**
   * Switches a plugin on or off at run time, at once. A failed one that is switched on is tried again. Calls of it
   * that run are waited for.
   * @returns its status afterwards; a plugin that can't be enabled is `failed` there
   * @throws PLUGIN_UNKNOWN, PLUGIN_TOGGLE_REFUSED
   */
  async toggle(name: string, enabled: boolean): Promise<PluginStatus> {
    const record = this.#toggleable(name);
    await this.#exclusively(async () => {
      record.decision = decideEnablement(record.entry, {
        ...this.#services.enablement(),
        toggles: new Map([[name, enabled]]),
      });
      if (!enabled) await this.#disable(record);
      else if (record.state !== "enabled") await this.#enable(record);
    });
    return this.#view.describe(record);
  }

  /**
   * The mutators as they would be with some plugins switched on and others off, for a preview; nothing changes.
   * @param use gets them in order, and what tells whether one is still there: those of plugins that are tried out end
   * with it, any other one when its plugin is disabled meanwhile
   * @throws PLUGIN_UNKNOWN, PLUGIN_TRIAL_FAILED
   */
  async preview<T>(
    changes: { readonly enable: readonly string[]; readonly disable: readonly string[] },
    use: (mutators: readonly ChainMutator[], isRegistered: (mutator: ChainMutator) => boolean) => Promise<T>,
  ): Promise<T> {
    const { manifest, container, clock, log, registries, enablement } = this.#services;
    const disabled = changes.disable.map((name) => this.#record(name).entry.name);
    const tried = changes.enable
      .map((name) => this.#record(name))
      .filter((record) => record.state !== "enabled");
    const services = { container, clock, log, env: enablement().env, manifestDir: manifest.dir };
    return tryOutPlugins(tried, services, (added) =>
      use(
        [...registries.envMutators.entries(), ...added]
          .filter(({ owner }) => !disabled.includes(owner.plugin))
          .sort((a, b) => a.owner.order - b.owner.order),
        (mutator) => added.includes(mutator) || registries.envMutators.entries().includes(mutator),
      ),
    );
  }

  /**
   * Checks that a plugin can be switched at run time.
   * @throws PLUGIN_UNKNOWN, PLUGIN_TOGGLE_REFUSED
   */
  assertToggleable(name: string): void {
    this.#toggleable(name);
  }

  /** Disables every plugin, the last one enabled first; failures are logged. */
  async stop(): Promise<void> {
    for (const record of this.#records.toReversed()) {
      await this.#exclusively(() => this.#disable(record));
    }
  }

  /** Every plugin of the manifest, in effective order. */
  status(): PluginStatus[] {
    return this.#records.map((record) => this.#view.describe(record));
  }

  /** Logs which variables a plugin sets that other enabled plugins set too. */
  warnOfConflicts(plugin: string, conflicts: readonly WriteConflict[]): void {
    this.#view.warnOfConflicts(this.#record(plugin), conflicts);
  }

  /** Stage `env` comes first and looks at all, as it stands then; `main` at those too that are on only since. */
  async #assertIntegrity(stage: PluginStage, inputs: EnablementInputs): Promise<void> {
    const { manifest, clock } = this.#services;
    const due = manifest.plugins.filter(
      (entry) => (stage === "env" || entry.stage !== "env") && decideEnablement(entry, inputs).enabled,
    );
    await assertIntegrity(due, manifest.dir, clock);
  }

  #record(name: string): PluginRecord {
    const record = this.#records.find((each) => each.entry.name === name);
    if (record !== undefined) return record;
    throw errors.PLUGIN_UNKNOWN({ plugin: name, known: this.#records.map((each) => each.entry.name) });
  }

  #toggleable(name: string): PluginRecord {
    const record = this.#record(name);
    if (record.entry.stage === "env") throw errors.PLUGIN_TOGGLE_REFUSED({ plugin: name });
    return record;
  }

  async #loadOne(record: PluginRecord): Promise<void> {
    const { clock, report } = this.#services;
    const { name } = record.entry;
    if (!record.decision.enabled) {
      report.add({
        stage: "plugins",
        name,
        durationMs: 0,
        outcome: "disabled",
        detail: record.decision.reason,
      });
      return;
    }
    const started = clock.monotonic();
    await this.#enable(record);
    report.add({
      stage: "plugins",
      name,
      durationMs: clock.monotonic() - started,
      outcome: record.error === null ? "ok" : "failed",
      detail: record.error?.message ?? describeContributions(this.#view.describe(record)),
    });
  }

  async #enable(record: PluginRecord): Promise<void> {
    const { manifest, registries, container, clock, log, enablement } = this.#services;
    record.state = "enabling";
    record.error = null;
    record.timings = NO_TIMINGS;
    const scope = new PluginScope(record.entry.name, container);
    record.scope = scope;
    try {
      await setUpPlugin(record.entry, {
        scope,
        registries,
        clock,
        order: record.order,
        manifestDir: manifest.dir,
        env: enablement().env,
        log: log.child({ plugin: record.entry.name }),
        loads: record.loads,
        onVersion: (version) => {
          record.version = version;
        },
        onTiming: (timing) => {
          record.timings = { ...record.timings, ...timing };
        },
      });
      await this.#services.catchUp(record.entry.name);
      record.state = "enabled";
      this.#view.warnOfConflicts(record, this.#view.conflictsOf(record));
    } catch (error) {
      record.loads += 1;
      await this.#takeDown(record);
      this.#fail(record, error);
    }
  }

  async #disable(record: PluginRecord): Promise<void> {
    if (record.scope === null) {
      record.state = "disabled";
      record.error = null;
      return;
    }
    record.state = "disabling";
    const failure = await this.#takeDown(record);
    if (failure === undefined) record.state = "disabled";
    else this.#fail(record, failure);
  }

  /** Takes the contributions back, waits for the plugin's running calls, then disposes; gives what failed. */
  async #takeDown(record: PluginRecord): Promise<unknown> {
    const { scope } = record;
    if (scope === null) return undefined;
    record.scope = null;
    await scope.withdraw();
    await this.#services.activity.idle(record.entry.name);
    await this.#untilLateEnded(record.entry.name);
    this.#services.forget(record.entry.name);
    return disposeScope(scope, this.#services);
  }

  /** Mutators whose time is over were told to give up: what they still hold is theirs for a moment. */
  async #untilLateEnded(plugin: string): Promise<void> {
    const { activity, clock, log } = this.#services;
    const ended = await bounded(() => activity.lateEnded(plugin), {
      clock,
      timeoutMs: LATE_TIMEOUT_MS,
      onTimeout: () => new Error("late mutators still running"),
    });
    if (!ended.ok) log.warn("disabled without waiting for mutators that ignore their abort", { plugin });
  }

  #fail(record: PluginRecord, thrown: unknown): void {
    record.state = "failed";
    record.error = isCodedError(thrown)
      ? thrown
      : errors.PLUGIN_SETUP_FAILED(
          { plugin: record.entry.name, reason: messageOf(thrown) },
          { cause: thrown },
        );
    this.#services.log.error(record.error.message, { plugin: record.entry.name, code: record.error.code });
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(work);
    this.#queue = next.catch(() => undefined);
    return next;
  }
}
