import type { Logger } from "../../ports/logger.js";
import type { Tier } from "../../ports/container-runtime.js";
import type { ProvisionContext } from "./types.js";

/** What the chain is told of the provision. */
export type ProvisionFacts = Omit<ProvisionContext, "signal" | "log">;

/**
 * The context that one mutator gets. Its signal and logger are made when they are first asked for: most mutators
 * use neither, and an AbortController costs as much as the whole call of a small mutator.
 */
export class MutatorContext implements ProvisionContext {
  readonly #facts: ProvisionFacts;
  readonly #makeLog: () => Logger;
  #log: Logger | undefined;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(facts: ProvisionFacts, makeLog: () => Logger) {
    this.#facts = facts;
    this.#makeLog = makeLog;
  }

  get workspaceId(): string {
    return this.#facts.workspaceId;
  }
  get name(): string {
    return this.#facts.name;
  }
  get role(): string | null {
    return this.#facts.role;
  }
  get runtime(): string {
    return this.#facts.runtime;
  }
  get tier(): Tier {
    return this.#facts.tier;
  }
  get parentId(): string | null {
    return this.#facts.parentId;
  }
  get attempt(): number {
    return this.#facts.attempt;
  }
  get dryRun(): boolean {
    return this.#facts.dryRun;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  get log(): Logger {
    this.#log ??= this.#makeLog();
    return this.#log;
  }

  /** Tells the mutator to give up. */
  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }
}
