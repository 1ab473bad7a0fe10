import { showValue, type Fault } from "../../coded-error.js";
import { errors } from "../../errors.js";
import { HookRegistry, HOST_OWNER, type ContributionOwner, type Disposer } from "../registry.js";
import type { EnvMutator } from "./types.js";

/** The env mutators, in the order in which the chain runs them. */
export class EnvMutatorRegistry extends HookRegistry<EnvMutator> {
  constructor() {
    super("env mutator");
  }

  /** @throws ENV_MUTATOR_INVALID with every fault of the mutator */
  override add(mutator: EnvMutator, owner: ContributionOwner = HOST_OWNER): Disposer {
    const faults: Fault[] = [];
    const expect = (path: "mutate" | "token", isAllowed: boolean, allowed: string) => {
      if (!isAllowed) faults.push({ path, found: showValue(Reflect.get(mutator, path)), allowed });
    };
    expect("mutate", typeof mutator.mutate === "function", "a function");
    const token = typeof mutator.token;
    expect("token", token === "undefined" || token === "function", "a function, or nothing");
    if (faults.length > 0)
      throw errors.ENV_MUTATOR_INVALID({ plugin: owner.plugin, mutator: showValue(mutator.name), faults });
    return super.add(mutator, owner);
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
