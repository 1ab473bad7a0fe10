import { messageOf, type CodedError } from "../../coded-error.js";
import type { EnvMutatorRegistry } from "../../hooks/env-mutators/registry.js";
import { errors } from "../../errors.js";
import type { ContributionOwner, Disposer } from "../../hooks/registry.js";
import type { Logger } from "../../ports/logger.js";
import type { PluginContext } from "../define-plugin.js";

/** What {@link WorkerContext} works with. */
export interface WorkerContextInputs {
  readonly owner: ContributionOwner;
  /** Where the plugin's mutators go; the host has proxies of them in the shared one. */
  readonly registry: EnvMutatorRegistry;
  readonly config: unknown;
  readonly manifestDir: string;
  readonly log: Logger;
  /** Told of mutators that the plugin takes back after its setup. */
  readonly onWithdrawn: (names: readonly string[]) => void;
}

/**
 * What an isolated plugin's setup gets: as in the host, but with an empty environment and env mutators as the only
 * contributions.
 */
export class WorkerContext implements PluginContext {
  readonly env = Object.freeze({});
  readonly #inputs: WorkerContextInputs;
  readonly #controller = new AbortController();
  readonly #disposers: (() => void | Promise<void>)[] = [];
  #fault: CodedError | undefined;
  #isSetUp = false;

  constructor(inputs: WorkerContextInputs) {
    this.#inputs = inputs;
  }

  get config(): unknown {
    return this.#inputs.config;
  }
  get log(): Logger {
    return this.#inputs.log;
  }
  get manifestDir(): string {
    return this.#inputs.manifestDir;
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly envMutators: PluginContext["envMutators"] = {
    add: (mutator) => this.#contribute(() => this.#inputs.registry.add(mutator, this.#inputs.owner)),
    merge: (registry) => this.#contribute(() => this.#inputs.registry.merge(registry, this.#inputs.owner)),
  };
  readonly bootTasks = { add: () => this.#refuse("adding a boot task") };
  readonly loops = { add: () => this.#refuse("adding a background loop") };

  /** Refused, but a plugin that can do without the port may catch that: it is no fault of its setup. */
  readonly resolve = (): never => {
    throw this.#unsupported("resolving a port of the host");
  };

  readonly onDispose = (dispose: () => void | Promise<void>): void => {
    if (this.signal.aborted) throw errors.PLUGIN_SCOPE_CLOSED({ plugin: this.#inputs.owner.plugin });
    this.#disposers.push(dispose);
  };

  /**
   * Ends the setup: the host knows the mutators from now on.
   * @throws PLUGIN_ISOLATION_UNSUPPORTED when it tried to add something else, even if it caught that refusal
   */
  endSetup(): void {
    this.#isSetUp = true;
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Aborts the signal and calls every disposer, the last one first; gives why some failed. */
  async dispose(): Promise<string[]> {
    this.#controller.abort(errors.PLUGIN_SCOPE_CLOSED({ plugin: this.#inputs.owner.plugin }));
    const reasons: string[] = [];
    for (let dispose = this.#disposers.pop(); dispose !== undefined; dispose = this.#disposers.pop()) {
      try {
        await dispose();
      } catch (error) {
        reasons.push(messageOf(error));
      }
    }
    return reasons;
  }

  #contribute(register: () => Disposer): Disposer {
    if (this.#isSetUp) throw this.#unsupported("adding an env mutator after setup");
    const before = new Set(this.#inputs.registry.names());
    const remove = register();
    const added = this.#inputs.registry.names().filter((name) => !before.has(name));
    return () => {
      remove();
      if (this.#isSetUp) this.#inputs.onWithdrawn(added);
    };
  }

  #refuse(what: string): never {
    const error = this.#unsupported(what);
    this.#fault ??= error;
    throw error;
  }

  #unsupported(what: string): CodedError {
    return errors.PLUGIN_ISOLATION_UNSUPPORTED({ plugin: this.#inputs.owner.plugin, what });
  }
}
