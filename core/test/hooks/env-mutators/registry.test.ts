import { expect } from "chai";
import { EnvMutatorRegistry, type EnvMutator } from "@molecule/core";
import { callUntyped, codedFailureOf } from "../../support/failures.js";

const mutator = (name: string): EnvMutator => ({ name, mutate: () => undefined });
const owner = (plugin: string, order: number) => ({ plugin, version: "1.0.0", order });

describe("EnvMutatorRegistry", () => {
  it("gives a copy of its mutators, in order", () => {
    const registry = new EnvMutatorRegistry();
    registry.add(mutator("b"), owner("b", 2));
    registry.add(mutator("a"), owner("a", 1));
    registry.mutators().pop();
    expect(registry.mutators().map(({ name }) => name)).to.deep.equal(["a", "b"]);
  });

  it("merges a plugin's own registry at the plugin's place, and takes it out again as one", () => {
    const shared = new EnvMutatorRegistry();
    shared.add(mutator("last"), owner("z", 9));
    shared.add(mutator("first"), owner("a", 1));
    const own = new EnvMutatorRegistry();
    own.add(mutator("m1"));
    own.add(mutator("m2"));
    const dispose = shared.merge(own, owner("m", 5));
    expect(shared.names()).to.deep.equal(["first", "m1", "m2", "last"]);
    expect(shared.entries().map((entry) => entry.owner.plugin)).to.deep.equal(["a", "m", "m", "z"]);
    dispose();
    dispose();
    expect(shared.names()).to.deep.equal(["first", "last"]);
    expect(own.names()).to.deep.equal(["m1", "m2"]);
  });

  it("refuses what is no mutator when it is added, rather than at the first provision", async () => {
    const registry = new EnvMutatorRegistry();
    const error = await codedFailureOf(() => callUntyped(registry, "add", { name: "m", token: "ghs_x" }));
    expect({ code: error.code, message: error.message }).to.deep.equal({
      code: "ENV_MUTATOR_INVALID",
      message: [
        'plugin "host": env mutator "m" can\'t be registered:',
        "  - mutate: found nothing, allowed: a function",
        '  - token: found "ghs_x", allowed: a function, or nothing',
      ].join("\n"),
    });
  });

  it("merges nothing when one name is taken", async () => {
    const shared = new EnvMutatorRegistry();
    shared.add(mutator("m2"), owner("a", 1));
    const own = new EnvMutatorRegistry();
    for (const name of ["m1", "m2", "m3"]) own.add(mutator(name));
    const error = await codedFailureOf(() => shared.merge(own, owner("m", 5)));
    expect(error.code).to.equal("CONTRIBUTION_DUPLICATE");
    expect(shared.names()).to.deep.equal(["m2"]);
  });
});
