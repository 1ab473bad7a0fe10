import { expect } from "chai";
import { isSecretName, maskerOf } from "../../dist/config/secret-names.js";

describe("isSecretName", () => {
  it("knows the usual names, and leaves those that only tell where a secret is", () => {
    for (const name of [
      "ADMIN_TOKEN",
      "MOLECULE_CP_SHARED_SECRET",
      "PGPASSWORD",
      "OPENAI_API_KEY",
      "SECRETS_ENCRYPTION_KEYS",
    ]) {
      expect(isSecretName(name), name).to.equal(true);
    }
    for (const name of ["PORT", "GITHUB_APP_PRIVATE_KEY_FILE", "DOCKER_CERT_PATH", "KEYBOARD", "MONKEY"]) {
      expect(isSecretName(name), name).to.equal(false);
    }
  });
});

describe("maskerOf", () => {
  it("hides secret values, and the password of the database", () => {
    const env = { ADMIN_TOKEN: "hunter22", DATABASE_URL: "postgres://u:pass%40word@db/x", PORT: "123456" };
    expect(maskerOf(env).mask("hunter22 pass@word 123456")).to.equal("*** *** 123456");
  });

  it("hides a password of the database that no parser would find", () => {
    for (const [url, masked] of [
      ["postgres://u:pa/ss-word@db/x", "postgres://u:***@db/x"],
      ["postgres://u:12/rest-of-it@db/x", "postgres://u:***@db/x"],
      ["postgres://db/x?user=u&password=hunter%2022x#y", "postgres://db/x?user=u&password=***#y"],
      ["mysql://u:abc@defgh@db/x", "mysql://u:***@db/x"],
      ["postgres://localhost:5432/x", "postgres://localhost:5432/x"],
    ] as const) {
      expect(maskerOf({ DATABASE_URL: url }).mask(url)).to.equal(masked);
    }
  });
});
