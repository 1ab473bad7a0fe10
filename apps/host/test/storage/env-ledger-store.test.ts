import { expect } from "chai";
import { EnvLedgerStore } from "../../dist/storage/env-ledger-store.js";
import { addWorkspace, KINDS, useDatabase } from "./databases.js";

for (const kind of KINDS) {
  describe(`EnvLedgerStore on ${kind}`, () => {
    const suite = useDatabase(kind);

    it("answers the ledger of the attempt that is asked for", async () => {
      const store = new EnvLedgerStore({ db: suite.db });
      const id = await addWorkspace(suite.db);
      expect(await store.of(id, 2)).to.equal(undefined);
      await store.save(suite.db, id, 2, { keys: [{ name: "A\0", value: "•••" }] });
      await store.save(suite.db, id, 3, ["a rollout that was taken back"]);
      const stored = await store.of(id, 2);
      expect(stored?.attempt).to.equal(2);
      expect(stored?.ledger).to.deep.equal({ keys: [{ name: "A\ufffd", value: "•••" }] });
      expect(stored?.created_at).to.match(/^\d{4}-.*Z$/);
      expect((await store.of(id, 3))?.ledger).to.deep.equal(["a rollout that was taken back"]);
    });

    it("replaces the ledger of an attempt that is saved again", async () => {
      const store = new EnvLedgerStore({ db: suite.db });
      const id = await addWorkspace(suite.db);
      await store.save(suite.db, id, 1, "first");
      await store.save(suite.db, id, 1, "second");
      expect((await store.of(id, 1))?.ledger).to.equal("second");
    });

    it("keeps the newest 20 attempts of a workspace, its current one, and all of another's", async () => {
      const store = new EnvLedgerStore({ db: suite.db });
      const [id, other] = [await addWorkspace(suite.db, { attempt: 2 }), await addWorkspace(suite.db)];
      await store.save(suite.db, other, 1, {});
      for (let attempt = 1; attempt <= 23; attempt += 1) await store.save(suite.db, id, attempt, {});
      const kept = await suite.db
        .selectFrom("env_ledgers")
        .select("attempt")
        .where("workspace_id", "=", id)
        .orderBy("attempt")
        .execute();
      expect(kept.map((row) => row.attempt)).to.deep.equal([
        2,
        ...Array.from({ length: 20 }, (_, i) => i + 4),
      ]);
      expect(await store.of(other, 1)).to.not.equal(undefined);
    });
  });
}
