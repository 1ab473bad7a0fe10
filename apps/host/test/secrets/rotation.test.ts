import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { silentLogger, systemClock } from "@molecule/core";
import { widePath } from "@molecule/test/support/commands.js";
import { own } from "@molecule/test/support/lifetime.js";
import { usePostgres, type FreshDatabase } from "@molecule/test/support/postgres.js";
import { plantSecret, recordOutput } from "@molecule/test/support/secret-watch.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { runMolecule } from "@molecule/test/support/cli.js";
import { expect } from "chai";
import pg from "pg";
import { encryptionKey, KEY_BYTES } from "../../dist/secrets/encryption-key.js";
import { Envelope } from "../../dist/secrets/envelope.js";
import { KeyRing } from "../../dist/secrets/key-ring.js";
import { rotate } from "../../dist/secrets/rotation.js";
import { SecretVault } from "../../dist/secrets/secret-vault.js";
import { openDatabase, type Database } from "../../dist/storage/database.js";
import { migrate } from "../../dist/storage/migrate.js";
import { systemRandom } from "../../dist/storage/random.js";
import { SecretStore } from "../../dist/storage/secret-store.js";
import { addWorkspace } from "../storage/databases.js";

const [OLD, NEW] = [Buffer.alloc(KEY_BYTES, 1), Buffer.alloc(KEY_BYTES, 2)];
const old = encryptionKey(OLD, "old");
const fresh = encryptionKey(NEW, "new");
const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const WORKSPACES = 100;
const SECRETS_EACH = 100;

describe("rotating the encryption key", function () {
  this.timeout(300_000);
  let postgres: FreshDatabase;
  let database: Database;
  let store: SecretStore;
  let dataDir: string;

  beforeEach(async function () {
    postgres = await (await usePostgres(this)).freshDatabase();
    database = await openDatabase({
      databaseUrl: postgres.url,
      dataDir: null,
      log: silentLogger,
      clock: systemClock,
    });
    await migrate(database.db, { log: silentLogger });
    store = new SecretStore({ db: database.db });
    dataDir = await tempDir();
  });
  afterEach(async () => {
    await database.close();
    await postgres.drop();
  });

  const vaultOf = (...keys: ConstructorParameters<typeof KeyRing>[0]) => {
    const ring = new KeyRing(keys);
    const envelope = new Envelope(ring, systemRandom);
    return { ring, envelope, vault: new SecretVault({ store, envelope, random: systemRandom }) };
  };

  const env = (keys: string) => ({
    PATH: widePath(),
    DATABASE_URL: postgres.url,
    MOLECULE_DATA_DIR: dataDir,
    SECRETS_ENCRYPTION_KEYS: keys,
  });
  const both = () => env(`new:${NEW.toString("base64")},old:${OLD.toString("base64")}`);

  /** Secrets of many workspaces, wrapped with the old key; answers the workspaces. */
  async function plant(): Promise<string[]> {
    const { envelope } = vaultOf(old);
    const ids: string[] = [];
    for (let n = 0; n < WORKSPACES; n += 1) {
      const workspaceId = await addWorkspace(database.db);
      ids.push(workspaceId);
      const rows = Array.from({ length: SECRETS_EACH }, (_, at) => {
        const place = { id: randomUUID(), workspaceId, key: `KEY_${at}` };
        const value = `value of ${place.key} of ${workspaceId}`;
        plantSecret(value, "a stored secret");
        const { kekId, wrappedKey, ciphertext } = envelope.seal(place, value);
        return {
          id: place.id,
          workspace_id: workspaceId,
          key: place.key,
          kek_id: kekId,
          wrapped_key: wrappedKey,
          ciphertext,
        };
      });
      await database.db.insertInto("secrets").values(rows).execute();
    }
    return ids;
  }

  /** Does `work` while a rotation comes no further than to this secret, by the order in which it goes. */
  async function holding(nth: number, work: () => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      await client.query("begin");
      // By itself a locking select would lock those before it as well.
      const place = "select id from secrets where key like 'KEY%' order by id offset $1 limit 1";
      const select = `select 1 from secrets where id = (${place}) for update`;
      expect((await client.query(select, [nth])).rowCount).to.equal(1);
      await work();
    } finally {
      await client.end();
    }
  }

  /** Starts `molecule secrets rotate` and kills it, the hard way, once it has told some progress. */
  async function rotateAndKill(): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, "secrets", "rotate"], {
      env: both(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { pid } = child;
    if (pid === undefined) throw new Error("no process");
    const ownership = own({ kind: "process", pid, signal: "SIGKILL" });
    const closed = once(child, "close");
    for await (const line of createInterface(child.stdout)) {
      recordOutput("command", "molecule secrets rotate", line);
      const done = Number(/^(\d+) of \d+$/.exec(line)?.[1] ?? 0);
      if (done >= 3_000) break;
    }
    child.kill("SIGKILL");
    await closed;
    ownership.release();
  }

  it("wraps 10,000 secrets anew while they are read and written, killed half-way and run again", async () => {
    const workspaces = await plant();
    // A host that has both keys: the old one encrypts still, as on a host that was not started anew yet.
    const host = vaultOf(old, fresh).vault;
    let [reads, writes, stopped] = [0, 0, false];
    const traffic = (async () => {
      for (let n = 0; !stopped; n += 1) {
        const id = workspaces[n % workspaces.length] ?? "";
        const { workspace } = await host.valuesFor(id);
        if (workspace.KEY_7 !== `value of KEY_7 of ${id}`)
          throw new Error(`wrong value: ${workspace.KEY_7 ?? ""}`);
        reads += SECRETS_EACH;
        await host.save(database.db, id, { WRITTEN: `write ${n}` });
        writes += 1;
      }
    })();
    try {
      // On a machine that is slow to kill it, it would else come to its end before.
      await holding(6_000, rotateAndKill);
      const half = await store.countByKey();
      // A few less than told: the host has changed those meanwhile.
      expect(half.get("new") ?? 0).to.be.within(2_500, 9_999);
      expect(half.get("old") ?? 0).to.be.greaterThan(0);
      const again = await runMolecule(["secrets", "rotate"], { env: both() });
      expect(again.code, again.output).to.equal(0);
      expect(again.output).to.match(
        /done: \d+ wrapped anew, \d+ changed meanwhile by a host, 0 that do not open/,
      );
    } finally {
      stopped = true;
    }
    await traffic;
    expect(reads).to.be.greaterThan(0);
    expect(writes).to.be.greaterThan(0);
    // What the host wrote behind the rotation's back.
    const last = vaultOf(fresh, old);
    await rotate({ store, keys: last.ring, envelope: last.envelope });
    expect([...(await store.countByKey()).keys()]).to.deep.equal(["new"]);
    const onlyNew = vaultOf(fresh).vault;
    for (const id of workspaces) {
      const { workspace } = await onlyNew.valuesFor(id);
      expect(workspace.KEY_0).to.equal(`value of KEY_0 of ${id}`);
    }
    const check = await runMolecule(["secrets", "check"], { env: env(`new:${NEW.toString("base64")}`) });
    expect(check.output).to.match(/^key new \(encrypts\): 10\d{3} secrets\n$/);
    expect(check.code).to.equal(0);
  });

  it("leaves a secret alone that was changed between reading and writing", async () => {
    const workspaceId = await addWorkspace(database.db);
    const { vault } = vaultOf(old);
    await vault.save(database.db, workspaceId, { A: "first", B: "first" });
    const rotating = vaultOf(fresh, old);
    const racing: Pick<SecretStore, "countByKey" | "ofKey" | "rewrap"> = {
      countByKey: () => store.countByKey(),
      ofKey: (...args) => store.ofKey(...args),
      rewrap: async (...args) => {
        await vault.save(database.db, workspaceId, { A: "second" });
        return store.rewrap(...args);
      },
    };
    const result = await rotate({ store: racing, keys: rotating.ring, envelope: rotating.envelope });
    expect(result).to.deep.include({ rewrapped: 1, unreadable: [] });
    expect(result.overtaken).to.be.greaterThan(0);
    expect((await rotating.vault.valuesFor(workspaceId)).workspace).to.deep.equal({
      A: "second",
      B: "first",
    });
  });

  it("names the secrets that don't open, does all others, and ends with a failure", async () => {
    const workspaceId = await addWorkspace(database.db);
    await vaultOf(old).vault.save(database.db, workspaceId, { GOOD: "x", BAD: "planted-value" });
    await database.db
      .updateTable("secrets")
      .set({ wrapped_key: Buffer.alloc(61, 1) })
      .where("key", "=", "BAD")
      .execute();
    await vaultOf(encryptionKey(Buffer.alloc(KEY_BYTES, 3), "lost")).vault.save(database.db, null, {
      GONE: "y",
    });
    const rotated = await runMolecule(["secrets", "rotate"], { env: both() });
    expect(rotated.code).to.equal(1);
    expect(rotated.output)
      .to.contain("done: 1 wrapped anew, 0 changed meanwhile by a host, 2 that do not open")
      .and.contain(`  BAD of workspace ${workspaceId}: the encryption key "old" does not open it`)
      .and.contain('  GONE of all workspaces: it needs the encryption key "lost"')
      .and.contain("[SECRETS_STAY_CLOSED]");
    const check = await runMolecule(["secrets", "check"], { env: both() });
    expect(check.code).to.equal(1);
    expect(check.output)
      .to.contain("key lost (not configured): 1 secret\n")
      .and.contain("key new (encrypts): 1 secret\n")
      .and.contain("key old (decrypts only; molecule secrets rotate makes it needless): 1 secret\n");
    expect(rotated.output + check.output).to.not.contain("planted");
  });

  it("tells that no host has been started on a database, and makes none", async function () {
    const empty = await (await usePostgres(this)).freshDatabase();
    for (const DATABASE_URL of [empty.url, ""]) {
      for (const command of ["rotate", "check"]) {
        const refused = await runMolecule(["secrets", command], { env: { ...both(), DATABASE_URL } });
        expect(refused.code).to.equal(1);
        expect(refused.output).to.contain("[NO_SECRETS_TABLE]").and.not.contain("relation");
      }
    }
    expect(await readdir(dataDir)).to.deep.equal([]);
    await empty.drop();
  });

  it("refuses without a key, and makes none", async () => {
    const refused = await runMolecule(["secrets", "rotate"], { env: env("") });
    expect(refused.code).to.equal(1);
    expect(refused.output).to.contain("[NO_ENCRYPTION_KEY]");
  });
});
