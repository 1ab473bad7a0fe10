import { expect } from "chai";
import { definePlugin, Type } from "@molecule/core";
import { SUPPORTED_APIS } from "../../dist/src/plugins/define-plugin.js";

describe("definePlugin", () => {
  it("tags the plugin, so that a host with another copy of the package knows it", () => {
    const config = Type.Object({ team: Type.String() });
    const plugin = definePlugin({ name: "team-name", api: 1, config, stage: "env", setup: () => undefined });
    expect(plugin).to.include({
      $$type: "@molecule/plugin",
      name: "team-name",
      api: 1,
      config,
      stage: "env",
    });
    expect(SUPPORTED_APIS).to.include(plugin.api);
  });

  it("is of stage main and takes no config where its author says nothing", () => {
    const plugin = definePlugin({ name: "x", api: 1, setup: () => undefined });
    expect(plugin.stage).to.equal("main");
    expect(plugin.config).to.equal(undefined);
    expect(plugin.variables).to.equal(undefined);
  });
});
