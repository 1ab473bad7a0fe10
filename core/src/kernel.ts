import "reflect-metadata";
import { container as rootContainer, type DependencyContainer, type InjectionToken } from "tsyringe";
import { BootReport } from "./boot-report.js";
import { soleHostLeases, type LeaseProvider } from "./hooks/background-loops/lease.js";
import { BackgroundLoopRegistry } from "./hooks/background-loops/registry.js";
import { LoopSupervisor } from "./hooks/background-loops/supervisor.js";
import type { EnvOrigin } from "./hooks/boot-tasks/env-draft.js";
import { BootTaskRegistry } from "./hooks/boot-tasks/registry.js";
import { runBootStage } from "./hooks/boot-tasks/run-stage.js";
import { BOOT_STAGES, type BootStage } from "./hooks/boot-tasks/types.js";
import {
  runEnvChain,
  type ChainInput,
  type ChainMutator,
  type ChainResult,
  type ChainServices,
} from "./hooks/env-mutators/chain.js";
import { LastGoodEdits, type MutatorPolicy } from "./hooks/env-mutators/policy.js";
import { EnvMutatorRegistry } from "./hooks/env-mutators/registry.js";
import {
  askTokenProvider,
  findTokenProvider,
  type TokenRequest,
} from "./hooks/env-mutators/token-provider.js";
import type { InstallationToken } from "./hooks/env-mutators/types.js";
import type { HookRegistries } from "./hooks/registries.js";
import type { KernelObserver } from "./kernel-observer.js";
import type { SecretMasker } from "./masking/secret-masker.js";
import { PluginActivity } from "./plugins/activity.js";
import { parseOverrides } from "./plugins/enablement.js";
import { HookStats } from "./plugins/hook-stats.js";
import type { Manifest } from "./plugins/manifest.js";
import { PluginHost } from "./plugins/plugin-host.js";
import { WriteConflicts } from "./plugins/write-conflicts.js";
import { CLOCK, type Clock } from "./ports/clock.js";
import { LOGGER, type Logger } from "./ports/logger.js";
import { LOOP_LEASES } from "./ports/tokens.js";

/** What a kernel is made from. */
export interface KernelOptions {
  readonly manifest: Manifest;
  /** The process environment; tasks of stage `env` fill it. */
  readonly env: Record<string, string | undefined>;
  /** The host's working directory, for boot tasks; that of the process unless told. */
  readonly cwd?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masker: SecretMasker;
  /** A number from 0 up to 1; spreads the loops' ticks. */
  readonly random?: () => number;
  /** Told of what the kernel calls, for metrics. */
  readonly observer?: KernelObserver;
}

/** Owns the hook registries and the plugins' life; the host brings the ports and says when. */
export class Kernel {
  readonly registries: HookRegistries;
  readonly plugins: PluginHost;
  readonly report = new BootReport();
  readonly #options: KernelOptions;
  readonly #container: DependencyContainer;
  readonly #activity = new PluginActivity();
  readonly #stats = new HookStats();
  readonly #lastGood = new LastGoodEdits();
  readonly #conflicts = new WriteConflicts();
  readonly #policies: ReadonlyMap<string, MutatorPolicy>;
  readonly #controller = new AbortController();
  readonly #envOrigins = new Map<string, EnvOrigin>();
  #toggles: ReadonlyMap<string, boolean> = new Map();

  constructor(options: KernelOptions) {
    const { manifest, clock, log, masker, random = Math.random, observer } = options;
    this.#options = options;
    // A child, so that nothing of one kernel shows in another one of the same process.
    const container = rootContainer.createChildContainer();
    this.#container = container;
    this.provide(LOGGER, log);
    this.provide(CLOCK, clock);
    this.provide(LOOP_LEASES, soleHostLeases());
    const bootTasks = new BootTaskRegistry();
    const loops = new BackgroundLoopRegistry();
    const leases: LeaseProvider = {
      acquire: (loop, keepMs) => container.resolve(LOOP_LEASES).acquire(loop, keepMs),
    };
    this.registries = {
      envMutators: new EnvMutatorRegistry(),
      bootTasks,
      loops,
      supervisor: new LoopSupervisor(loops, {
        clock,
        log,
        leases,
        random,
        onTick: (run) => {
          this.#stats.add("loops", run.plugin, run.outcome !== "failed", run.durationMs);
          observer?.onTick?.(run);
        },
      }),
    };
    const names = manifest.plugins.map((entry) => entry.name);
    this.plugins = new PluginHost({
      manifest,
      registries: this.registries,
      container,
      activity: this.#activity,
      stats: this.#stats,
      conflicts: this.#conflicts,
      forget: (plugin) => {
        this.#lastGood.forget(plugin);
      },
      catchUp: async (plugin) => {
        for (const stage of BOOT_STAGES) if (bootTasks.hasBegun(stage)) await this.#runTasks(stage, plugin);
      },
      clock,
      log,
      report: this.report,
      mask: (text) => masker.mask(text),
      enablement: () => ({
        env: Object.freeze({ ...options.env }),
        overrides: parseOverrides(options.env.MOLECULE_PLUGINS, names),
        toggles: this.#toggles,
      }),
    });
    this.#policies = new Map(
      manifest.plugins.map((entry) => [
        entry.name,
        {
          onError: entry.onError,
          timeoutMs: entry.timeoutMs,
          reads: entry.env?.reads,
          writes: entry.env?.writes,
        },
      ]),
    );
  }

  /** Offers a port to plugins, replacing an earlier one of the same token. */
  provide<T>(token: InjectionToken<T>, port: T): void {
    this.#container.register(token, { useValue: port });
  }

  /** What set each variable of the environment that a plugin of stage `env` has set, by the variable's name. */
  get envOrigins(): ReadonlyMap<string, EnvOrigin> {
    return this.#envOrigins;
  }

  /** Sets what was toggled at run time before this boot; call it before stage `storage`. */
  rememberToggles(toggles: ReadonlyMap<string, boolean>): void {
    this.#toggles = toggles;
  }

  /**
   * Runs one stage of boot: the plugins that are due (before stage `env` those of stage `env`, before `storage`
   * all others), then the stage's tasks.
   * @throws MANIFEST_INTEGRITY_MISMATCH, PLUGIN_REQUIRED_FAILED, PLUGIN_OVERRIDES_INVALID, BOOT_TASK_FAILED,
   * BOOT_TASK_TIMEOUT
   */
  async boot(stage: BootStage): Promise<void> {
    if (stage === "env") await this.plugins.load("env");
    if (stage === "storage") await this.plugins.load("main");
    this.registries.bootTasks.begin(stage);
    await this.#runTasks(stage);
  }

  /** @param plugin whose tasks to run; boot is over then, and its tree has been shown */
  async #runTasks(stage: BootStage, plugin?: string): Promise<void> {
    const { env, cwd = process.cwd(), clock, log, observer } = this.#options;
    const tasks = this.registries.bootTasks.ofStage(stage);
    const due = plugin === undefined ? tasks : tasks.filter(({ owner }) => owner.plugin === plugin);
    await runBootStage(stage, due, {
      env,
      cwd,
      origins: this.#envOrigins,
      clock,
      log,
      report: plugin === undefined ? this.report : new BootReport(),
      signal: this.#controller.signal,
      onTask: (run) => {
        this.#stats.add("boot_tasks", run.plugin, run.ok, run.durationMs);
        observer?.onTask?.(run);
      },
    });
  }

  /** Runs the env-mutator chain for one provision. */
  async runChain(input: ChainInput): Promise<ChainResult> {
    const { clock, observer } = this.#options;
    const started = clock.monotonic();
    const result = await this.#runChain(
      input,
      (mutator) => this.registries.envMutators.entries().includes(mutator),
      (run) => {
        this.#stats.add("env_mutators", run.plugin, run.error === undefined, run.durationMs);
        observer?.onMutator?.(run);
      },
      (plugin, edits) => {
        const found = this.#conflicts.note(plugin, edits);
        if (found.length > 0) this.plugins.warnOfConflicts(plugin, found);
      },
    );
    const durationMs = clock.monotonic() - started;
    observer?.onChain?.({ outcome: result.ok ? "ok" : "failed", durationMs });
    return result;
  }

  /**
   * Runs the chain as a dry run with some plugins switched on and others off; nothing changes.
   * @throws PLUGIN_UNKNOWN, PLUGIN_TRIAL_FAILED
   */
  previewChain(
    input: Omit<ChainInput, "mutators">,
    changes: { readonly enable: readonly string[]; readonly disable: readonly string[] },
  ): Promise<ChainResult> {
    const facts = { ...input.facts, dryRun: true };
    return this.plugins.preview(changes, (mutators, isRegistered) =>
      this.#runChain({ ...input, facts, mutators }, isRegistered),
    );
  }

  /**
   * A fresh token of the first mutator that offers one; null when none does. It is not masked yet.
   * @throws TOKEN_PROVIDER_TIMEOUT, TOKEN_PROVIDER_INVALID, TOKEN_PROVIDER_FAILED, or the provider's own coded error
   */
  async installationToken(request: TokenRequest): Promise<InstallationToken | null> {
    const provider = findTokenProvider(this.registries.envMutators.entries());
    if (provider === undefined) return null;
    const asked = askTokenProvider(provider, request, this.#options.clock);
    this.#activity.track(provider.owner.plugin, asked);
    return await asked;
  }

  #runChain(
    input: ChainInput,
    isRegistered: (mutator: ChainMutator) => boolean,
    onMutator?: ChainServices["onMutator"],
    onEdits?: ChainServices["onEdits"],
  ): Promise<ChainResult> {
    return runEnvChain(input, {
      isRegistered,
      onMutator,
      onEdits,
      clock: this.#options.clock,
      log: this.#options.log,
      lastGood: this.#lastGood,
      policyOf: (plugin) => this.#policies.get(plugin) ?? {},
      mask: (text) => this.#options.masker.mask(text),
      onCall: (plugin, call) => {
        this.#activity.track(plugin, call);
      },
      onLate: (plugin, work) => {
        this.#activity.trackLate(plugin, work);
      },
    });
  }

  /** Stops the loops, then disables every plugin; what takes too long is logged and left behind. */
  async stop(): Promise<void> {
    this.#controller.abort(new Error("the host stops"));
    await this.registries.supervisor.stop();
    await this.plugins.stop();
  }
}
