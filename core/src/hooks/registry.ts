import { showValue } from "../coded-error.js";
import { errors } from "../errors.js";

/** Removes a contribution; calling it again does nothing. */
export type Disposer = () => void;

/** Who owns a contribution. Contributions are ordered by `order`, then by when they were added. */
export interface ContributionOwner {
  /** Name of the plugin, or `host` for the host's own. */
  readonly plugin: string;
  readonly version: string;
  /** Place of the plugin in the manifest's effective order; 0 for the host's own. */
  readonly order: number;
}

/** A contribution with its owner. */
export interface Registered<T> {
  readonly contribution: T;
  readonly owner: ContributionOwner;
}

/** Owner of contributions that no plugin made. */
export const HOST_OWNER: ContributionOwner = { plugin: "host", version: "0", order: 0 };

/** Contributions of one kind, unique by name, in the order of their plugins. */
export class HookRegistry<T extends { readonly name: string }> {
  readonly #kind: string;
  #entries: readonly Registered<T>[] = [];

  /** @param kind what is registered, for error texts, e.g. `env mutator` */
  constructor(kind: string) {
    this.#kind = kind;
  }

  /**
   * Adds one contribution.
   * @throws CONTRIBUTION_NAME_INVALID when the name is empty
   * @throws CONTRIBUTION_DUPLICATE when the name is taken
   */
  add(contribution: T, owner: ContributionOwner = HOST_OWNER): Disposer {
    const { name } = contribution;
    if (typeof name !== "string" || name.trim() === "") {
      throw errors.CONTRIBUTION_NAME_INVALID({
        kind: this.#kind,
        plugin: owner.plugin,
        found: showValue(name),
      });
    }
    const taken = this.#entries.find((entry) => entry.contribution.name === name);
    if (taken !== undefined) {
      throw errors.CONTRIBUTION_DUPLICATE({
        kind: this.#kind,
        name,
        plugin: owner.plugin,
        takenBy: taken.owner.plugin,
      });
    }
    const entry: Registered<T> = { contribution, owner };
    const at = this.#entries.findIndex((other) => other.owner.order > owner.order);
    this.#entries = at === -1 ? [...this.#entries, entry] : this.#entries.toSpliced(at, 0, entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** The contributions with their owners, in order. The array is never changed after it was handed out. */
  entries(): readonly Registered<T>[] {
    return this.#entries;
  }

  /** The contributions' names, in order. */
  names(): string[] {
    return this.#entries.map((entry) => entry.contribution.name);
  }
}
