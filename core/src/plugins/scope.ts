import type { DependencyContainer } from "tsyringe";
import { messageOf } from "../coded-error.js";
import { errors } from "../errors.js";

type Dispose = () => void | Promise<void>;

/**
 * All that one enabled plugin holds: a container of its own, its contributions and its disposers. tsyringe's own
 * dispose runs in parallel and skips factories, so the order is kept here.
 */
export class PluginScope {
  readonly plugin: string;
  readonly container: DependencyContainer;
  readonly #controller = new AbortController();
  #contributions: Dispose[] = [];
  #disposers: Dispose[] = [];
  #closed = false;
  /** Whether its setup is over. */
  isSetUp = false;

  constructor(plugin: string, parent: DependencyContainer) {
    this.plugin = plugin;
    this.container = parent.createChildContainer();
  }

  /** Aborts when the scope is disposed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @throws PLUGIN_SCOPE_CLOSED once the scope is being taken down */
  assertOpen(): void {
    if (this.#closed) throw errors.PLUGIN_SCOPE_CLOSED({ plugin: this.plugin });
  }

  /** Remembers what takes a contribution out of its registry. */
  ownContribution(withdraw: Dispose): void {
    this.#contributions.push(withdraw);
  }

  /** Remembers what frees something that the plugin holds. */
  ownDisposer(dispose: Dispose): void {
    this.#disposers.push(dispose);
  }

  /** Takes the contributions out of the registries, the last one first, and lets no further one in. */
  async withdraw(): Promise<void> {
    this.#closed = true;
    const withdrawals = this.#contributions.splice(0).reverse();
    // All are taken out before any is waited for: a stopping loop must not leave the others in use.
    await Promise.all(withdrawals.map(async (withdraw) => withdraw()));
  }

  /**
   * Calls every disposer, the last one first, each whatever becomes of the others.
   * @throws PLUGIN_DISPOSE_FAILED naming all that failed
   */
  async dispose(): Promise<void> {
    this.#closed = true;
    this.#controller.abort(errors.PLUGIN_SCOPE_CLOSED({ plugin: this.plugin }));
    const reasons: string[] = [];
    for (let dispose = this.#disposers.pop(); dispose !== undefined; dispose = this.#disposers.pop()) {
      try {
        await dispose();
      } catch (error) {
        reasons.push(messageOf(error));
      }
    }
    this.container.clearInstances();
    if (reasons.length > 0) throw errors.PLUGIN_DISPOSE_FAILED({ plugin: this.plugin, reasons });
  }

  /** Calls, without waiting, the disposers that a hanging one keeps from their turn: they free what they can. */
  disposeRest(onFailure: (reason: string) => void): void {
    for (const dispose of this.#disposers.splice(0).reverse()) {
      const call = async () => dispose();
      call().catch((error: unknown) => {
        onFailure(messageOf(error));
      });
    }
  }
}
