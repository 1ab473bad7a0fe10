import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { silentLogger, systemClock } from "@molecule/core";
import { usePostgres, type FreshDatabase } from "@molecule/test/support/postgres.js";
import { plantSecret } from "@molecule/test/support/secret-watch.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { checkEncryptionKeys } from "../../../dist/cli/doctor/encryption-keys.js";
import { encryptionKey, KEY_BYTES, type EncryptionKey } from "../../../dist/secrets/encryption-key.js";
import { Envelope } from "../../../dist/secrets/envelope.js";
import { KeyRing } from "../../../dist/secrets/key-ring.js";
import { SecretVault } from "../../../dist/secrets/secret-vault.js";
import { readOrCreateSecretsKey } from "../../../dist/storage/data-files.js";
import { openDatabase, type Database } from "../../../dist/storage/database.js";
import { migrate } from "../../../dist/storage/migrate.js";
import { systemRandom } from "../../../dist/storage/random.js";
import { SecretStore } from "../../../dist/storage/secret-store.js";

const [ONE, TWO] = [Buffer.alloc(KEY_BYTES, 21), Buffer.alloc(KEY_BYTES, 22)];
const one = encryptionKey(ONE, "one");
const two = encryptionKey(TWO, "two");

describe("checkEncryptionKeys", () => {
  let dataDir: string;

  before(() => {
    for (const key of [ONE, TWO]) plantSecret(key.toString("base64"), "a key of the doctor's test");
  });
  beforeEach(async () => {
    dataDir = join(await tempDir(), "data");
  });

  const check = (keys: readonly EncryptionKey[], databaseUrl: string | null = null) =>
    checkEncryptionKeys({ encryptionKeys: keys, databaseUrl, dataDir }, systemClock);

  it("tells that the first start makes a key, and makes none", async () => {
    for (const times of [1, 2]) {
      const { status, finding, hint } = await check([]);
      expect(status, `time ${times}`).to.equal("ok");
      expect(finding).to.equal(`none; the first start makes one in ${dataDir}`);
      expect(hint).to.contain("keep a copy of it");
    }
  });

  it("finds the key that the installation keeps, and looks at no embedded database", async () => {
    await mkdir(dataDir);
    const { key } = readOrCreateSecretsKey(dataDir, systemRandom);
    const { status, finding } = await check([]);
    expect(status).to.equal("ok");
    expect(finding).to.equal(
      `1 in ${dataDir}, kept by this installation; ${key.id} encrypts; the secrets were not looked at`,
    );
  });

  describe("with a database server", () => {
    let fresh: FreshDatabase;
    let database: Database;

    beforeEach(async function () {
      fresh = await (await usePostgres(this)).freshDatabase();
      const services = { log: silentLogger, clock: systemClock };
      database = await openDatabase({ ...services, databaseUrl: fresh.url, dataDir: null });
    });
    afterEach(async () => {
      await database.close();
      await fresh.drop();
    });

    async function save(key: EncryptionKey, values: Record<string, string>): Promise<void> {
      const store = new SecretStore({ db: database.db });
      const envelope = new Envelope(new KeyRing([key]), systemRandom);
      for (const value of Object.values(values)) plantSecret(value, "a secret of the doctor's test");
      await new SecretVault({ store, envelope, random: systemRandom }).save(database.db, null, values);
    }

    it("takes one without tables for one without secrets", async () => {
      expect(await check([one], fresh.url)).to.deep.equal({
        status: "ok",
        finding: "1 in SECRETS_ENCRYPTION_KEYS; one encrypts; no secrets are stored yet",
      });
    });

    it("tells how many secrets the keys open", async () => {
      await migrate(database.db, { log: silentLogger });
      await save(one, { A: "planted-doctor-secret-a" });
      await save(two, { B: "planted-doctor-secret-b" });
      expect(await check([two, one], fresh.url)).to.deep.equal({
        status: "ok",
        finding: "2 in SECRETS_ENCRYPTION_KEYS; two encrypts; they fit the 2 secrets",
      });
    });

    it("fails for a key that is missing and for one that is another, and names both", async () => {
      await migrate(database.db, { log: silentLogger });
      await save(one, { A: "planted-doctor-secret-a" });
      await save(two, { B: "planted-doctor-secret-b" });
      await new SecretStore({ db: database.db }).rememberKeys([one, two]);
      const other = encryptionKey(Buffer.alloc(KEY_BYTES, 23), "two");
      const { status, finding, hint, details } = await check([other], fresh.url);
      expect(status).to.equal("fail");
      expect(finding).to.equal("they don't open all secrets");
      expect(hint).to.contain("add the missing keys to SECRETS_ENCRYPTION_KEYS");
      expect(details).to.have.members([
        'the key "one" (1 secret) is not configured',
        'the key "two" (1 secret) is another one than that of this name before',
      ]);
    });
  });
});
