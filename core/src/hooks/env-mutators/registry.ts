import { HookRegistry, type ContributionOwner, type Disposer } from "../registry.js";
import type { EnvMutator } from "./types.js";

/** The env mutators, in the order in which the chain runs them. */
export class EnvMutatorRegistry extends HookRegistry<EnvMutator> {
  constructor() {
    super("env mutator");
  }

  /** The mutators, in order; a copy. */
  mutators(): EnvMutator[] {
    return this.entries().map((entry) => entry.contribution);
  }

  /**
   * Adds every mutator of a registry that a plugin built for itself; none of them when one cannot be added.
   * @throws CONTRIBUTION_DUPLICATE when a name is taken
   */
  merge(other: EnvMutatorRegistry, owner?: ContributionOwner): Disposer {
    const disposers: Disposer[] = [];
    const dispose = () => {
      for (const disposer of disposers) disposer();
    };
    try {
      for (const mutator of other.mutators()) disposers.push(this.add(mutator, owner));
    } catch (error) {
      dispose();
      throw error;
    }
    return dispose;
  }
}
