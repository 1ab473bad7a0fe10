import { expect } from "chai";
import plugin from "@molecule/plugin-provision-timeout";

describe("provision-timeout", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("provision-timeout");
  });
});
