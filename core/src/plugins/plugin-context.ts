import type { InjectionToken } from "tsyringe";
import { showValue, type Fault } from "../coded-error.js";
import { errors } from "../errors.js";
import type { BootTask } from "../hooks/boot-tasks/types.js";
import type { HookRegistries } from "../hooks/registries.js";
import type { ContributionOwner, Disposer } from "../hooks/registry.js";
import type { Logger } from "../ports/logger.js";
import type { PluginContext, PluginStage } from "./define-plugin.js";
import type { PluginScope } from "./scope.js";

/** What {@link createPluginContext} makes a context from. */
export interface PluginContextInputs {
  readonly scope: PluginScope;
  readonly owner: ContributionOwner;
  /** When the plugin is loaded. */
  readonly stage: PluginStage;
  readonly registries: HookRegistries;
  readonly config: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly manifestDir: string;
  readonly log: Logger;
}

/** Makes what a plugin's setup gets: every contribution goes into the shared registries and into the scope. */
export function createPluginContext(inputs: PluginContextInputs): PluginContext {
  const { scope, owner, registries } = inputs;
  const contribute = (register: () => Disposer): Disposer => {
    scope.assertOpen();
    const withdraw = register();
    scope.ownContribution(withdraw);
    return withdraw;
  };
  return {
    config: inputs.config,
    log: inputs.log,
    env: inputs.env,
    manifestDir: inputs.manifestDir,
    envMutators: {
      add: (mutator) => contribute(() => registries.envMutators.add(mutator, owner)),
      merge: (registry) => contribute(() => registries.envMutators.merge(registry, owner)),
    },
    bootTasks: {
      add: (task) =>
        contribute(() => {
          assertRuns(task, inputs);
          return registries.bootTasks.add(task, owner);
        }),
    },
    loops: {
      add: (loop) => {
        scope.assertOpen();
        const remove = registries.loops.add(loop, owner);
        const stop = registries.supervisor.adopt(loop);
        const withdraw = () => {
          remove();
          return stop();
        };
        scope.ownContribution(withdraw);
        return () => void withdraw();
      },
    },
    resolve: <T>(token: InjectionToken<T>): T => {
      if (!scope.container.isRegistered(token, true)) {
        throw errors.PLUGIN_PORT_UNKNOWN({ plugin: scope.plugin, token: describeToken(token) });
      }
      return scope.container.resolve(token);
    },
    onDispose: (dispose) => {
      scope.assertOpen();
      scope.ownDisposer(dispose);
    },
    signal: scope.signal,
  };
}

/**
 * What a plugin adds during a setup that comes after its stage is run by the plugin host; what else misses its stage
 * would never run.
 * @throws BOOT_TASK_INVALID
 */
function assertRuns({ name, stage }: BootTask, { scope, registries, ...inputs }: PluginContextInputs): void {
  let allowed: string | undefined;
  if (stage === "env" && inputs.stage === "main") {
    allowed =
      '"storage" or "ready": a plugin of stage "main" is loaded when "env" is over; or make it of stage "env"';
  } else if (scope.isSetUp && registries.bootTasks.hasBegun(stage)) {
    allowed = "a stage that is still to come: add boot tasks during setup";
  }
  if (allowed === undefined) return;
  const faults: Fault[] = [{ path: "stage", found: showValue(stage), allowed }];
  throw errors.BOOT_TASK_INVALID({ plugin: inputs.owner.plugin, task: showValue(name), faults });
}

function describeToken(token: InjectionToken): string {
  if (typeof token === "symbol") return token.description ?? "symbol";
  return typeof token === "function" ? token.name : JSON.stringify(token);
}
