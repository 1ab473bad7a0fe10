import { expect } from "chai";
import plugin from "@molecule/plugin-image-watcher";

describe("image-watcher", () => {
  it("is the plugin of that name", () => {
    expect(plugin.name).to.equal("image-watcher");
  });
});
