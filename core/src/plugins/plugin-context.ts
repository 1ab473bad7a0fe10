import type { InjectionToken } from "tsyringe";
import { errors } from "../errors.js";
import type { HookRegistries } from "../hooks/registries.js";
import type { ContributionOwner, Disposer } from "../hooks/registry.js";
import type { Logger } from "../ports/logger.js";
import type { PluginContext } from "./define-plugin.js";
import type { PluginScope } from "./scope.js";

/** What {@link createPluginContext} makes a context from. */
export interface PluginContextInputs {
  readonly scope: PluginScope;
  readonly owner: ContributionOwner;
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
    bootTasks: { add: (task) => contribute(() => registries.bootTasks.add(task, owner)) },
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

function describeToken(token: InjectionToken): string {
  if (typeof token === "symbol") return token.description ?? "symbol";
  return typeof token === "function" ? token.name : JSON.stringify(token);
}
