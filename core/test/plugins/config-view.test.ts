import { expect } from "chai";
import { maskConfig } from "../../dist/src/plugins/config-view.js";

describe("maskConfig", () => {
  const mask = (text: string) => text.replaceAll("hunter22", "***");

  it("masks what stands under a secret's name, at any depth, and known secrets elsewhere", () => {
    const config = {
      url: "https://me:hunter22@vault",
      apiKey: "abc",
      nested: [{ access_token: "t", password: { any: "shape" }, tokenFile: "/run/token" }],
    };
    expect(maskConfig(config, mask)).to.deep.equal({
      url: "https://me:***@vault",
      apiKey: "***",
      nested: [{ access_token: "***", password: "***", tokenFile: "/run/token" }],
    });
  });

  it("leaves what is no text, and an absent secret, as it is", () => {
    const config = { ttl: 3, on: true, secret: null, token: "", list: [1, null] };
    expect(maskConfig(config, mask)).to.deep.equal(config);
  });
});
