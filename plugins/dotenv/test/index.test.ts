import { expect } from "chai";
import plugin from "@molecule/plugin-dotenv";

describe("dotenv", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("dotenv");
  });
});
