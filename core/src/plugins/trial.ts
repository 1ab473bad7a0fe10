import type { DependencyContainer } from "tsyringe";
import { isCodedError, messageOf } from "../coded-error.js";
import { errors } from "../errors.js";
import { BackgroundLoopRegistry } from "../hooks/background-loops/registry.js";
import { soleHostLeases } from "../hooks/background-loops/lease.js";
import { LoopSupervisor } from "../hooks/background-loops/supervisor.js";
import { BootTaskRegistry } from "../hooks/boot-tasks/registry.js";
import type { ChainMutator } from "../hooks/env-mutators/chain.js";
import { EnvMutatorRegistry } from "../hooks/env-mutators/registry.js";
import type { HookRegistries } from "../hooks/registries.js";
import type { Clock } from "../ports/clock.js";
import type { Logger } from "../ports/logger.js";
import { disposeScope } from "./dispose-scope.js";
import type { PluginEntry } from "./manifest-schema.js";
import { PluginScope } from "./scope.js";
import { setUpPlugin, type SetUpInputs } from "./set-up.js";

/** What a trial works with. */
export interface TrialServices {
  readonly container: DependencyContainer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly manifestDir: string;
}

/** A plugin to try out, with its place in the manifest's effective order. */
export interface TrialEntry {
  readonly entry: PluginEntry;
  readonly order: number;
  /** How often it was loaded and failed, also on trial: a later import must not get the failure that is cached. */
  loads: number;
}

/**
 * Sets plugins up that do not run, aside from the shared registries, hands their mutators to `use`, and takes the
 * plugins down again. Their loops never tick and their boot tasks never run.
 * @throws PLUGIN_TRIAL_FAILED of one that can't be set up
 */
export async function tryOutPlugins<T>(
  entries: readonly TrialEntry[],
  services: TrialServices,
  use: (mutators: readonly ChainMutator[]) => Promise<T>,
): Promise<T> {
  const registries = unusedRegistries(services);
  const scopes: PluginScope[] = [];
  try {
    for (const trial of entries) {
      const { entry, order, loads } = trial;
      const scope = new PluginScope(entry.name, services.container);
      scopes.push(scope);
      await setUpOnTrial(trial, {
        scope,
        registries,
        clock: services.clock,
        log: services.log.child({ plugin: entry.name, preview: true }),
        env: services.env,
        manifestDir: services.manifestDir,
        order,
        loads,
        onVersion: () => undefined,
        onTiming: () => undefined,
      });
    }
    return await use(registries.envMutators.entries());
  } finally {
    for (const scope of scopes.reverse()) {
      await scope.withdraw();
      const failure = await disposeScope(scope, services);
      if (failure !== undefined)
        services.log.warn(`after a preview: ${messageOf(failure)}`, { plugin: scope.plugin });
    }
  }
}

/** One code for whoever asked for the preview, whatever code of its own the plugin has. */
async function setUpOnTrial(trial: TrialEntry, inputs: SetUpInputs): Promise<void> {
  const { entry } = trial;
  try {
    await setUpPlugin(entry, inputs);
  } catch (error) {
    trial.loads += 1;
    const code = isCodedError(error) ? error.code : "PLUGIN_SETUP_FAILED";
    throw errors.PLUGIN_TRIAL_FAILED(
      { plugin: entry.name, code, reason: messageOf(error) },
      { cause: error },
    );
  }
}

/** Registries that nothing reads: their supervisor is never started. */
function unusedRegistries({ clock, log }: TrialServices): HookRegistries {
  const loops = new BackgroundLoopRegistry();
  return {
    envMutators: new EnvMutatorRegistry(),
    bootTasks: new BootTaskRegistry(),
    loops,
    supervisor: new LoopSupervisor(loops, { clock, log, leases: soleHostLeases(), random: () => 0 }),
  };
}
