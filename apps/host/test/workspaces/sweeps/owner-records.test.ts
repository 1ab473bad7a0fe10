import { randomUUID } from "node:crypto";
import { SecretMasker, silentLogger, systemClock } from "@molecule/core";
import { expect } from "chai";
import { sql } from "kysely";
import { EventLog } from "../../../dist/storage/event-log.js";
import type { Executor } from "../../../dist/storage/schema.js";
import { StoredOwnerRecords } from "../../../dist/workspaces/sweeps/owner-records.js";
import { addWorkspace, KINDS, useDatabase } from "../../storage/databases.js";

for (const kind of KINDS) {
  describe(`StoredOwnerRecords on ${kind}`, () => {
    const suite = useDatabase(kind);

    /** Of the tables as they are in a transaction, of which nothing stays. */
    async function inTrial(work: (records: StoredOwnerRecords, trx: Executor) => Promise<void>) {
      const trx = await suite.database.db.startTransaction().execute();
      try {
        const common = { clock: systemClock, log: silentLogger, masker: new SecretMasker() };
        const events = new EventLog({ db: suite.db, ...common, hostId: randomUUID() });
        await work(new StoredOwnerRecords({ db: trx, events }), trx);
      } finally {
        await trx.rollback().execute();
      }
    }

    it("tells whose row is there, whether it lives, its attempts and those that a rollout owns", async () => {
      await inTrial(async (records, trx) => {
        const [live, removed, odd] = [
          await addWorkspace(trx, { attempt: 3, last_attempt: 4 }),
          await addWorkspace(trx, { status: "removed" }),
          await addWorkspace(trx),
        ];
        const others = await addWorkspace(trx);
        const rollout = randomUUID();
        await sql`insert into rollouts (id, runtime, reference, digest, image_id, requested_by)
          values (${rollout}, 'demo', 'demo', 'sha256:1', 'sha256:1', 'refresh')`.execute(trx);
        await sql`insert into workspace_swaps (workspace_id, rollout_id, old_attempt, new_attempt, phase)
          values (${live}, ${rollout}, 3, 4, 'gating')`.execute(trx);
        await sql`alter table workspaces drop constraint workspaces_status_check`.execute(trx);
        await sql`update workspaces set status = 'gibberish' where id = ${odd}`.execute(trx);

        const { rows, fuse } = await records.read([live, removed, live, odd, randomUUID()]);
        expect([...rows]).to.have.deep.members([
          [live, { removed: false, attempt: 3, lastAttempt: 4, rolloutAttempts: [3, 4] }],
          [removed, { removed: true, attempt: 1, lastAttempt: 1, rolloutAttempts: [] }],
          [odd, "undecodable"],
        ]);
        expect(fuse).to.deep.equal({ state: "whole" });
        expect((await records.read([])).rows.size, `the row ${others} was not asked for`).to.equal(0);
      });
    });

    it("tells how the fuse stands, and since when in UTC, whatever the session's time zone", async () => {
      await inTrial(async (records, trx) => {
        await sql`set local time zone 'Asia/Kolkata'`.execute(trx);
        await sql`insert into orphan_fuse (workspace_ids, since)
          values ('["a", "b"]', '2026-03-01 01:02:03.456789+00')`.execute(trx);
        const blown = { state: "blown", since: "2026-03-01T01:02:03.456Z", workspaceIds: ["a", "b"] };
        for (const told of [await records.fuse(), (await records.read([])).fuse]) {
          expect(told).to.deep.equal(blown);
        }
        await sql`update orphan_fuse set confirmed_at = now()`.execute(trx);
        expect(await records.fuse()).to.deep.equal({ ...blown, state: "confirmed" });
      });
    });
  });
}
