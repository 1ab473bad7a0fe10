import { expect } from "chai";
import { maskConfig } from "../../dist/src/masking/mask-config.js";

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

  const secret = [
    [
      "secretKey",
      "signingKey",
      "encryption_key",
      "api-key",
      "private-key",
      "access-key",
      "apikey",
      "API_KEYS",
    ],
    ["clientSecret", "refreshTokens", "bot.token", "db passwd", "Authorization", "awsCredentials"],
  ];
  for (const name of secret.flat()) {
    it(`takes ${name} for the name of a secret`, () => {
      expect(maskConfig({ [name]: "abc" }, mask)).to.deep.equal({ [name]: "***" });
    });
  }

  for (const name of ["publicKey", "public-key", "monkey", "keys", "tokenFile", "secretName", "tokenTtlMs"]) {
    it(`takes ${name} for another`, () => {
      expect(maskConfig({ [name]: "abc" }, mask)).to.deep.equal({ [name]: "abc" });
    });
  }

  it("leaves what is no text, and an absent secret, as it is", () => {
    const config = { ttl: 3, on: true, secret: null, token: "", list: [1, null] };
    expect(maskConfig(config, mask)).to.deep.equal(config);
  });
});
