import { expect } from "chai";
import plugin from "@molecule/plugin-health-sweep";

describe("health-sweep", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("health-sweep");
  });
});
