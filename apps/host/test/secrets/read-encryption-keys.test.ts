import { isCodedError } from "@molecule/core";
import { expect } from "chai";
import { readConfig } from "../../dist/config/config.js";

const [ONE, TWO] = [Buffer.alloc(32, 1).toString("base64"), Buffer.alloc(32, 2).toString("base64")];
const context = { dev: true, cwd: "/srv", terminal: false };

const keysOf = (env: Record<string, string>) =>
  readConfig(env, context).encryptionKeys.map(({ id, fingerprint }) =>
    id === fingerprint ? "named by itself" : id,
  );

/** The faults that an environment is refused with, each `path: found`. */
function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env, context);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    expect(error.message).to.not.contain(ONE).and.not.contain(TWO).and.not.contain(ONE.slice(0, 20));
    return [...error.message.matchAll(/- (SECRETS[^ ]*): found (.*), allowed/g)].map(
      ([, path = "", found = ""]) => `${path}: ${found}`,
    );
  }
  throw new Error("it was accepted");
}

describe("readEncryptionKeys", () => {
  it("takes several keys in their order, one key without a name, and none", () => {
    expect(keysOf({})).to.deep.equal([]);
    expect(keysOf({ SECRETS_ENCRYPTION_KEYS: ` k2:${TWO} , k1:${ONE}` })).to.deep.equal(["k2", "k1"]);
    expect(keysOf({ SECRETS_ENCRYPTION_KEY: `${ONE}\n` })).to.deep.equal(["named by itself"]);
  });

  it("takes both variables where they say the same", () => {
    const list = `k1:${ONE},k2:${TWO}`;
    expect(keysOf({ SECRETS_ENCRYPTION_KEYS: list, SECRETS_ENCRYPTION_KEY: ONE })).to.deep.equal([
      "k1",
      "k2",
    ]);
    expect(faultsOf({ SECRETS_ENCRYPTION_KEYS: list, SECRETS_ENCRYPTION_KEY: TWO })).to.deep.equal([
      "SECRETS_ENCRYPTION_KEY: another key than the first of SECRETS_ENCRYPTION_KEYS",
    ]);
  });

  it("tells every fault at once, and no key in any of them", () => {
    const short = Buffer.alloc(16, 1).toString("base64");
    const entries = [
      `k1:${ONE}`,
      `k1:${TWO}`,
      `k3:${ONE}`,
      `bad id:${TWO}`,
      ONE,
      "",
      `k4:${short}`,
      "k5:not/base64!",
      `:${ONE}`,
    ];
    const env = { SECRETS_ENCRYPTION_KEYS: entries.join(","), SECRETS_ENCRYPTION_KEY: "zzz" };
    expect(faultsOf(env)).to.have.members([
      'SECRETS_ENCRYPTION_KEYS[1]: the id "k1" for a second time',
      'SECRETS_ENCRYPTION_KEYS[2]: the key of "k1" for a second time',
      "SECRETS_ENCRYPTION_KEYS[3].id: 6 characters",
      "SECRETS_ENCRYPTION_KEYS[4]: an entry without a colon",
      "SECRETS_ENCRYPTION_KEYS[5]: nothing",
      "SECRETS_ENCRYPTION_KEYS[6].key: base64 of 16 bytes",
      "SECRETS_ENCRYPTION_KEYS[7].key: a text that is no base64",
      "SECRETS_ENCRYPTION_KEYS[8].id: 0 characters",
      "SECRETS_ENCRYPTION_KEY: a text that is no base64",
    ]);
  });

  it("shows no key whose parts are mixed up", () => {
    expect(faultsOf({ SECRETS_ENCRYPTION_KEYS: `${ONE}:k1` })).to.deep.equal([
      "SECRETS_ENCRYPTION_KEYS[0].id: 44 characters",
      "SECRETS_ENCRYPTION_KEYS[0].key: a text that is no base64",
    ]);
  });

  it("asks for a key in production, and for none that is wrong a second time", () => {
    const production = { MOLECULE_ENV: "production", DATABASE_URL: "postgres://db/x" };
    expect(faultsOf(production)).to.deep.equal(["SECRETS_ENCRYPTION_KEYS: nothing"]);
    expect(faultsOf({ ...production, SECRETS_ENCRYPTION_KEY: "x" })).to.deep.equal([
      "SECRETS_ENCRYPTION_KEY: a text that is no base64",
    ]);
  });
});
