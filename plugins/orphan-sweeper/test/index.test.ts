import { expect } from "chai";
import plugin from "@molecule/plugin-orphan-sweeper";

describe("orphan-sweeper", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("orphan-sweeper");
  });
});
