import { expect } from "chai";
import { HookRegistry } from "../../dist/src/hooks/registry.js";
import { callUntyped, codedFailureOf } from "../support/failures.js";

const owner = (plugin: string, order: number) => ({ plugin, version: "1.0.0", order });

describe("HookRegistry", () => {
  it("keeps contributions in the order of their plugins, then of their adding, whenever they come", () => {
    const registry = new HookRegistry("gadget");
    registry.add({ name: "c1" }, owner("c", 3));
    registry.add({ name: "a1" }, owner("a", 1));
    registry.add({ name: "c2" }, owner("c", 3));
    registry.add({ name: "b1" }, owner("b", 2));
    registry.add({ name: "a2" }, owner("a", 1));
    registry.add({ name: "host" });
    expect(registry.names()).to.deep.equal(["host", "a1", "a2", "b1", "c1", "c2"]);
    expect(registry.entries().map((entry) => entry.owner.plugin)).to.deep.equal([
      "host",
      "a",
      "a",
      "b",
      "c",
      "c",
    ]);
  });

  it("refuses a taken name and says whose it is", async () => {
    const registry = new HookRegistry("gadget");
    registry.add({ name: "x" }, owner("first", 1));
    const error = await codedFailureOf(() => registry.add({ name: "x" }, owner("second", 2)));
    expect(error.code).to.equal("CONTRIBUTION_DUPLICATE");
    expect(error.message).to.equal(
      'plugin "second": the gadget "x" is already registered by plugin "first"; rename one of them or disable one of the plugins',
    );
    expect(registry.names()).to.deep.equal(["x"]);
  });

  for (const [found, name] of [
    ['""', ""],
    ['"  "', "  "],
    ["nothing", undefined],
    ["5", 5],
  ] as const) {
    it(`refuses the name ${found}`, async () => {
      const registry = new HookRegistry("gadget");
      const error = await codedFailureOf(() => callUntyped(registry, "add", { name }, owner("p", 1)));
      expect(error.code).to.equal("CONTRIBUTION_NAME_INVALID");
      expect(error.message).to.equal(
        `plugin "p": a gadget has the name ${found}; give it a name that is not empty`,
      );
    });
  }

  it("removes just the contribution that the disposer was returned for, also when called again", () => {
    const registry = new HookRegistry("gadget");
    const remove = registry.add({ name: "x" }, owner("p", 1));
    registry.add({ name: "y" }, owner("p", 1));
    remove();
    registry.add({ name: "x" }, owner("q", 2));
    remove();
    expect(registry.names()).to.deep.equal(["y", "x"]);
  });

  it("never changes a list that it handed out", () => {
    const registry = new HookRegistry("gadget");
    const remove = registry.add({ name: "x" });
    const before = registry.entries();
    registry.add({ name: "y" });
    remove();
    expect(before.map((entry) => entry.contribution.name)).to.deep.equal(["x"]);
  });
});
