import { createHash } from "node:crypto";
import { SecretMasker } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { sql } from "kysely";
import { TokenMasks } from "../../dist/masking/token-masks.js";
import { systemRandom } from "../../dist/storage/random.js";
import { TokenStore } from "../../dist/storage/token-store.js";
import { addWorkspace, KINDS, useDatabase } from "./databases.js";

for (const kind of KINDS) {
  describe(`TokenStore on ${kind}`, () => {
    const suite = useDatabase(kind);
    const log = new RecordingLogger();
    const masker = new SecretMasker();
    let tokens: TokenStore;
    let workspaceId: string;

    beforeEach(async () => {
      log.lines.length = 0;
      tokens = new TokenStore({ db: suite.db, random: systemRandom, log, masks: new TokenMasks(masker) });
      workspaceId = await addWorkspace(suite.db);
    });
    afterEach(async () => {
      await tokens.settle();
    });

    const issue = (attempt = 1) => tokens.issue(suite.db, { workspaceId, attempt });
    const stored = (id: string) =>
      suite.db.selectFrom("workspace_tokens").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

    it("keeps of a token its SHA-256 and its first 8 characters only", async () => {
      const { id, token } = await issue(3);
      expect(token).to.match(/^[A-Za-z0-9_-]{43}$/);
      const row = await stored(id);
      expect(row.hash).to.deep.equal(createHash("sha256").update(token).digest());
      expect(row).to.deep.include({ prefix: token.slice(0, 8), attempt: 3, workspace_id: workspaceId });
      expect(JSON.stringify(row)).to.not.contain(token);
    });

    it("tells whose live token it is and for which attempt", async () => {
      const { id, token } = await issue(4);
      expect(await tokens.verify(token)).to.deep.equal({ tokenId: id, workspaceId, attempt: 4 });
    });

    it("knows no token that is foreign, misshapen or rolled back", async () => {
      const { token } = await issue();
      let rolledBack = "";
      await suite.db
        .transaction()
        .execute(async (trx) => {
          rolledBack = (await tokens.issue(trx, { workspaceId, attempt: 2 })).token;
          throw new Error("undo");
        })
        .catch(() => undefined);
      for (const wrong of [
        "",
        "x",
        `${token}=`,
        `${token} `,
        token.toLowerCase(),
        "A".repeat(43),
        "\0".repeat(43),
        rolledBack,
      ]) {
        expect(await tokens.verify(wrong), JSON.stringify(wrong)).to.equal(null);
      }
    });

    it("knows no token that was revoked, and revokes it once, for its own workspace only", async () => {
      const { id, token } = await issue();
      const other = await addWorkspace(suite.db);
      expect(await tokens.revoke(other, id)).to.equal(false);
      expect(await tokens.verify(token)).to.not.equal(null);
      expect(await tokens.revoke(workspaceId, id)).to.equal(true);
      expect(await tokens.revoke(workspaceId, id)).to.equal(false);
      expect(await tokens.verify(token)).to.equal(null);
    });

    it("revokes all tokens of the workspaces named, and no other's", async () => {
      const mine = [await issue(1), await issue(2)];
      const other = await addWorkspace(suite.db);
      const kept = await tokens.issue(suite.db, { workspaceId: other, attempt: 1 });
      await suite.db.transaction().execute(async (trx) => {
        await tokens.revokeAll(trx, []);
        await tokens.revokeAll(trx, [workspaceId]);
      });
      for (const { token } of mine) expect(await tokens.verify(token)).to.equal(null);
      expect(await tokens.verify(kept.token)).to.not.equal(null);
    });

    it("knows no token of a workspace that is removed", async () => {
      const { token } = await issue();
      await suite.db
        .updateTable("workspaces")
        .set({ status: "removed" })
        .where("id", "=", workspaceId)
        .execute();
      expect(await tokens.verify(token)).to.equal(null);
      expect(await tokens.hasLive(workspaceId)).to.equal(false);
    });

    it("counts and lists the live tokens, oldest first", async () => {
      expect(await tokens.hasLive(workspaceId)).to.equal(false);
      expect(await tokens.list(workspaceId)).to.deep.equal([]);
      const first = await issue();
      const revoked = await issue();
      const last = await issue();
      // The embedded database tells milliseconds only: two may be made in the same one.
      const earlier = sql<Date>`created_at - interval '1 second'`;
      await suite.db
        .updateTable("workspace_tokens")
        .set({ created_at: earlier })
        .where("id", "=", first.id)
        .execute();
      await tokens.revoke(workspaceId, revoked.id);
      expect(await tokens.countLive(workspaceId)).to.equal(2);
      expect(await tokens.hasLive(workspaceId)).to.equal(true);
      const list = await tokens.list(workspaceId);
      expect(list.map((each) => each.id)).to.deep.equal([first.id, last.id]);
      expect(list[0]).to.have.all.keys("id", "prefix", "created_at", "last_used_at");
      expect(list[0]).to.deep.include({ prefix: first.token.slice(0, 8), last_used_at: null });
      expect(list[0]?.created_at).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
    });

    it("notes the use of a token, but not again within a minute", async () => {
      const { id, token } = await issue();
      await tokens.verify(token);
      await tokens.settle();
      const first = (await stored(id)).last_used_at;
      expect(first).to.be.instanceOf(Date);
      await tokens.verify(token);
      await tokens.settle();
      expect((await stored(id)).last_used_at).to.deep.equal(first);
      const old = sql<Date>`now() - interval '61 seconds'`;
      await suite.db
        .updateTable("workspace_tokens")
        .set({ last_used_at: old })
        .where("id", "=", id)
        .execute();
      await tokens.verify(token);
      await tokens.settle();
      expect((await stored(id)).last_used_at?.getTime()).to.be.at.least(first?.getTime() ?? Infinity);
    });

    if (kind === "postgres") {
      it("answers while the note of the use has to wait, and settles once it is made", async () => {
        const { id, token } = await issue();
        await suite.db.transaction().execute(async (trx) => {
          await sql`select 1 from workspace_tokens where id = ${id} for update`.execute(trx);
          expect(await tokens.verify(token)).to.not.equal(null);
          expect(await tokens.verify(token)).to.not.equal(null);
          await eventually(async () => (await waiting()) === 1);
        });
        await tokens.settle();
        expect((await stored(id)).last_used_at).to.be.instanceOf(Date);
      });

      it("gives its answer although the use can't be noted, and logs that without the token", async () => {
        const { id, token } = await issue();
        await sql`create rule no_touch as on update to workspace_tokens do instead select 1 / 0`.execute(
          suite.db,
        );
        try {
          expect(await tokens.verify(token)).to.not.equal(null);
          await tokens.settle();
        } finally {
          await sql`drop rule no_touch on workspace_tokens`.execute(suite.db);
        }
        expect(log.lines).to.deep.equal([
          {
            level: "warn",
            message: "can't note the use of a token",
            fields: { token_id: id, reason: "division by zero" },
          },
        ]);
      });
    }

    async function waiting(): Promise<number> {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(suite.db);
      return rows[0]?.n ?? 0;
    }
  });
}
