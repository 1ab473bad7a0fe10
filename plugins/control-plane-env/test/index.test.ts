import { expect } from "chai";
import plugin from "@molecule/plugin-control-plane-env";

describe("control-plane-env", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("control-plane-env");
  });
});
