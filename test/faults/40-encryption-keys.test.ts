import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import pg from "pg";
import { field } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { runHost, startHost, type RunningHost } from "../support/host.js";
import { usePostgres } from "../support/postgres.js";

const [OLD, NEW] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
const VALUE = "planted-value-0123456789";
const ADMIN = { Authorization: "Bearer planted-admin-token" };

describe("faults, row 40: encryption keys and ciphertexts", function () {
  this.timeout(180_000);
  let url: string;
  let sql: pg.Client;

  beforeEach(async function () {
    ({ url } = await (await usePostgres(this)).freshDatabase());
    sql = new pg.Client({ connectionString: url });
    await sql.connect();
  });
  afterEach(() => sql.end());

  const production = (keys: string) => ({
    env: {
      MOLECULE_ENV: "production",
      DATABASE_URL: url,
      CONTAINER_RUNTIME: "none",
      ADMIN_TOKEN: "planted-admin-token",
      ...(keys === "" ? {} : { SECRETS_ENCRYPTION_KEYS: keys }),
    },
  });

  /** An external workspace with secrets, and how it gets their values. */
  async function plant(host: RunningHost, secrets: Readonly<Record<string, string>>) {
    const body = { name: "A", external: true, secrets };
    const { body: made } = await host.api("POST", "/workspaces", body, ADMIN);
    const id = String(field(made, "id"));
    const token = { Authorization: `Bearer ${String(field(made, "connection", "auth_token"))}` };
    return {
      id,
      token,
      values: (on = host) => on.api("GET", `/workspaces/${id}/secrets/values`, undefined, token),
    };
  }

  it("production starts neither without a key nor with a wrong one, and says which", async () => {
    const none = await runHost(production(""));
    expect(none.code).to.equal(1);
    expect(none.stdout + none.stderr).to.contain("SECRETS_ENCRYPTION_KEYS: found nothing");
    const malformed = await runHost(production(`k1:${OLD.slice(4)},k1:${NEW}`));
    expect(malformed.code).to.equal(1);
    expect(malformed.stdout + malformed.stderr)
      .to.contain("SECRETS_ENCRYPTION_KEYS[0].key: found base64 of 29 bytes")
      .and.not.contain(OLD.slice(4));

    const first = await startHost(production(`k1:${OLD}`));
    await plant(first, { API_KEY: VALUE });
    await first.stop();
    const unknown = await runHost(production(`k2:${NEW}`));
    expect(unknown.code).to.equal(1);
    expect(unknown.stdout + unknown.stderr)
      .to.contain('the key "k1" (1 secret) is not configured')
      .and.contain("ENCRYPTION_KEYS_MISSING");
    const other = await runHost(production(`k1:${NEW}`));
    expect(other.code).to.equal(1);
    expect(other.stdout + other.stderr).to.contain(
      'the key "k1" (1 secret) is another one than that of this name before',
    );
  });

  it("a half-rotated installation reads with both keys, and writes with the first", async () => {
    const first = await startHost(production(`k1:${OLD}`));
    const planted = await plant(first, { API_KEY: VALUE });
    await first.stop();
    const both = await startHost(production(`k2:${NEW},k1:${OLD}`));
    await both.api("PUT", `/workspaces/${planted.id}/secrets`, { key: "LATER", value: "later" }, ADMIN);
    const { rows } = await sql.query("select key, kek_id from secrets order by key");
    expect(rows).to.deep.equal([
      { key: "API_KEY", kek_id: "k1" },
      { key: "LATER", kek_id: "k2" },
    ]);
    expect((await planted.values(both)).body).to.deep.equal({ API_KEY: VALUE, LATER: "later" });
    await both.stop();
  });

  it("production starts with damaged secrets alone under a key that is there, and tells them", async () => {
    const first = await startHost(production(`k1:${OLD}`));
    const planted = await plant(first, { DAMAGED: VALUE });
    await first.stop();
    await sql.query("update secrets set wrapped_key = substring(wrapped_key for 30)");
    // As a rotation leaves it: all that opens is under the new key.
    const again = await startHost(production(`k2:${NEW},k1:${OLD}`));
    expect(JSON.stringify(again.lines)).to.contain(
      'the key \\"k1\\" (1 secret) is the right one, but opens none of the secrets tried',
    );
    const anew = { key: "DAMAGED", value: "anew" };
    await again.api("PUT", `/workspaces/${planted.id}/secrets`, anew, ADMIN);
    expect((await planted.values(again)).body).to.deep.equal({ DAMAGED: "anew" });
    await again.stop();
  });

  it("outside of production a key is made once, and a lost one closes its secrets and nothing else", async () => {
    const env = { DATABASE_URL: url, CONTAINER_RUNTIME: "none", ADMIN_TOKEN: "planted-admin-token" };
    const first = await startHost({ env });
    const path = join(first.dataDir, "secrets-key");
    const key = (await readFile(path, "utf8")).trim();
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(Buffer.from(key, "base64")).to.have.length(32);
    const log = JSON.stringify(first.lines);
    expect(log).to.contain(path).and.not.contain(key);
    const planted = await plant(first, { API_KEY: VALUE });
    await first.stop();

    const again = await startHost({ env, dataDir: first.dataDir });
    expect((await planted.values(again)).body).to.deep.equal({ API_KEY: VALUE });
    await again.stop();

    const lost = await startHost({ env });
    expect(JSON.stringify(lost.lines)).to.contain("ENCRYPTION_KEYS_MISSING");
    const closed = await planted.values(lost);
    expect(closed.status).to.equal(500);
    expect(closed.text).to.contain("API_KEY").and.contain("SECRETS_UNREADABLE").and.not.contain(VALUE);
    const fresh = await plant(lost, { OTHER: "other" });
    expect((await fresh.values(lost)).body).to.deep.equal({ OTHER: "other" });
    // Set anew it opens again.
    await lost.api("PUT", `/workspaces/${planted.id}/secrets`, { key: "API_KEY", value: "anew" }, ADMIN);
    expect((await planted.values(lost)).body).to.deep.equal({ API_KEY: "anew" });
    await lost.stop();
  });

  it("what was tampered with, cut, or swapped stays closed, named by its key; all else goes on", async () => {
    const host = await startHost(production(`k1:${OLD}`));
    const mine = await plant(host, { FLIPPED: VALUE, CUT: VALUE, GOOD: "good" });
    const other = await plant(host, { FLIPPED: "of another one", FINE: "fine" });
    const rowOf = (id: string, key: string) => [id, key];
    await sql.query(
      `update secrets set ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)
       where workspace_id = $1 and key = $2`,
      rowOf(mine.id, "FLIPPED"),
    );
    await sql.query(
      "update secrets set wrapped_key = substring(wrapped_key for 30) where workspace_id = $1 and key = $2",
      rowOf(mine.id, "CUT"),
    );
    const closed = await mine.values();
    expect(closed.status).to.equal(500);
    expect(closed.text)
      .to.match(/can't decrypt the secrets CUT, FLIPPED: /)
      .and.not.contain("planted");

    // The whole row of one workspace in the place of that of another one.
    await sql.query(
      `update secrets t set kek_id = s.kek_id, wrapped_key = s.wrapped_key, ciphertext = s.ciphertext
       from secrets s where t.workspace_id = $1 and s.workspace_id = $2 and t.key = 'FLIPPED' and s.key = t.key`,
      [mine.id, other.id],
    );
    await sql.query("update secrets set key = 'FINER' where workspace_id = $1 and key = 'FINE'", [other.id]);
    const swapped = await mine.values();
    expect(swapped.status).to.equal(500);
    expect(swapped.text).to.contain("CUT, FLIPPED").and.not.contain("of another one");
    const renamed = await other.values();
    expect(renamed.status).to.equal(500);
    expect(renamed.text).to.contain("FINER");

    await host.api("POST", "/settings/secrets", { key: "FOR_ALL", value: VALUE }, ADMIN);
    await sql.query("update secrets set kek_id = 'nobody' where key = 'FOR_ALL'");
    const made = await host.api("POST", "/workspaces", { name: "B", runtime: "demo" }, ADMIN);
    const id = String(field(made.body, "id"));
    const failed = await eventually(async () => {
      const { text } = await host.api("GET", "/workspaces", undefined, ADMIN);
      return text.includes("FOR_ALL") ? text : undefined;
    });
    expect(failed)
      .to.contain(
        'can\'t decrypt the secret FOR_ALL: it needs the encryption key \\"nobody\\", which this host lacks',
      )
      .and.not.contain("planted");
    const events = await host.api("GET", `/events/${id}`, undefined, ADMIN);
    expect(events.text).to.contain("WORKSPACE_PROVISION_FAILED").and.contain("FOR_ALL");
    await host.stop();
    expect(JSON.stringify(host.lines)).to.not.contain(VALUE);
  });
});
