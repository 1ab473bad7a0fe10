import { expect } from "chai";
import plugin from "@molecule/plugin-github-app-auth";

describe("github-app-auth", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("github-app-auth");
  });
});
