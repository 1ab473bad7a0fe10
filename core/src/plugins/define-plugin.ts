import type { Static, TSchema } from "@sinclair/typebox";
import type { InjectionToken } from "tsyringe";
import type { BackgroundLoop } from "../hooks/background-loops/types.js";
import type { BootTask } from "../hooks/boot-tasks/types.js";
import type { EnvMutatorRegistry } from "../hooks/env-mutators/registry.js";
import type { EnvMutator } from "../hooks/env-mutators/types.js";
import type { Disposer } from "../hooks/registry.js";
import type { Logger } from "../ports/logger.js";

/** The tag of a plugin; `instanceof` would not survive a second copy of this package. */
export const PLUGIN_TYPE = "@molecule/plugin";

/** The plugin apis that this kernel offers. */
export const SUPPORTED_APIS: readonly number[] = [1];

/**
 * When a plugin is loaded: `env` before any configuration is read, for what fills the environment; `main` after
 * storage is open.
 */
export type PluginStage = "env" | "main";

/** What a plugin's setup is given. All that it adds is taken back when the plugin is disabled. */
export interface PluginContext<Config = unknown> {
  /** The entry's `config` of the manifest, validated, with defaults filled in. */
  readonly config: Config;
  readonly log: Logger;
  /** The environment of the host process at setup; read it here rather than from `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the manifest: what relative paths in a plugin's config are relative to. */
  readonly manifestDir: string;
  readonly envMutators: {
    add(mutator: EnvMutator): Disposer;
    /** Adds every mutator of a registry that the plugin built for itself. */
    merge(registry: EnvMutatorRegistry): Disposer;
  };
  readonly bootTasks: { add(task: BootTask): Disposer };
  readonly loops: { add(loop: BackgroundLoop): Disposer };
  /**
   * A port of the host, by a token that this package exports.
   * @throws PLUGIN_PORT_UNKNOWN when this host does not offer it
   */
  resolve<T>(token: InjectionToken<T>): T;
  /** Calls `dispose` when the plugin is disabled; the last one registered is called first. */
  onDispose(dispose: () => void | Promise<void>): void;
  /** Aborts when the plugin is disabled or its setup takes too long. */
  readonly signal: AbortSignal;
}

/** What a plugin's author gives to {@link definePlugin}. */
export interface PluginDefinition<Schema extends TSchema = TSchema> {
  /** Unique in a manifest: lower case, digits and hyphens. */
  readonly name: string;
  /** The plugin api that it was made for. */
  readonly api: 1;
  /** JSON Schema of its config, built with TypeBox; without one, only an empty config is accepted. */
  readonly config?: Schema;
  /** `main` when absent. */
  readonly stage?: PluginStage;
  /**
   * Names of the variables of the host's environment that the plugin reads: `molecule config` tells their values and
   * origins. A name such as `…_TOKEN`, `…_SECRET` or `…_KEY` makes a value secret there.
   */
  readonly variables?: readonly string[];
  setup(ctx: PluginContext<Static<Schema>>): void | Promise<void>;
}

/** A plugin, as its module default-exports it. */
export interface Plugin {
  readonly $$type: typeof PLUGIN_TYPE;
  readonly name: string;
  readonly api: number;
  readonly config?: TSchema | undefined;
  readonly stage: PluginStage;
  readonly variables?: readonly string[] | undefined;
  /** Called by the plugin host, with a config that its schema accepts. */
  setup(ctx: PluginContext): void | Promise<void>;
}

/**
 * Defines a plugin. Its module must default-export the result.
 *
 * @example
 * ```ts
 * export default definePlugin({
 *   name: "team-name",
 *   api: 1,
 *   config: Type.Object({ team: Type.String() }),
 *   setup(ctx) {
 *     ctx.envMutators.add({ name: "team-name", mutate: (env) => env.set("TEAM", ctx.config.team) });
 *   },
 * });
 * ```
 */
export function definePlugin<Schema extends TSchema>(definition: PluginDefinition<Schema>): Plugin {
  return {
    $$type: PLUGIN_TYPE,
    name: definition.name,
    api: definition.api,
    config: definition.config,
    stage: definition.stage ?? "main",
    variables: definition.variables,
    setup: (ctx: PluginContext<Static<Schema>>) => definition.setup(ctx),
  };
}
