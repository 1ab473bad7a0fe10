import { expect } from "chai";
import { sql } from "kysely";
import { WORKSPACE_STATUSES } from "../../dist/storage/schema.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { addWorkspace, KINDS, useDatabase } from "./databases.js";

for (const kind of KINDS) {
  describe(`WorkspaceStore on ${kind}`, () => {
    const suite = useDatabase(kind);

    it("lists all but the removed ones, in the order of their creation", async () => {
      const store = new WorkspaceStore({ db: suite.db });
      expect(await store.list()).to.deep.equal([]);
      const second = await addWorkspace(suite.db, { created_at: "2026-01-02T00:00:00Z" });
      const first = await addWorkspace(suite.db, { created_at: "2026-01-01T00:00:00Z" });
      await addWorkspace(suite.db, { status: "removed" });
      expect((await store.list()).map((row) => row.id)).to.deep.equal([first, second]);
    });

    it("reads money, uptime and figures as numbers, JSON as values and times as dates", async () => {
      const store = new WorkspaceStore({ db: suite.db });
      const id = await addWorkspace(suite.db, {
        monthly_spend: 1_000_000_000_000,
        budget_limit: 250,
        uptime_seconds: 3_000_000_000,
        last_error_rate: 0.25,
        x: -1.5,
        agent_card: '{"name":"a","skills":[]}',
      });
      const [listed] = await store.list();
      expect(listed).to.deep.include({
        id,
        role: null,
        tier: 2,
        url: "",
        monthly_spend: 1_000_000_000_000,
        budget_limit: 250,
        uptime_seconds: 3_000_000_000,
        last_error_rate: 0.25,
        x: -1.5,
        y: 0,
        collapsed: false,
        max_concurrent_tasks: 1,
        agent_card: { name: "a", skills: [] },
      });
      const row = await store.get(id);
      expect(row?.created_at).to.be.instanceOf(Date);
      expect(row).to.deep.include({ attempt: 1, workspace_access: "none", last_heartbeat_at: null });
    });

    it("gets one that is removed, and nothing for an unknown id", async () => {
      const store = new WorkspaceStore({ db: suite.db });
      const id = await addWorkspace(suite.db, { status: "removed" });
      expect((await store.get(id))?.status).to.equal("removed");
      expect(await store.get("00000000-0000-4000-8000-000000000000")).to.equal(undefined);
    });

    it("finds the live direct children", async () => {
      const store = new WorkspaceStore({ db: suite.db });
      const root = await addWorkspace(suite.db);
      const child = await addWorkspace(suite.db, { parent_id: root });
      await addWorkspace(suite.db, { parent_id: root, status: "removed" });
      await addWorkspace(suite.db, { parent_id: child });
      expect((await store.children(root)).map((row) => row.id)).to.deep.equal([child]);
    });

    it("finds a workspace with everything below it, also below removed ones, and nothing beside it", async () => {
      const store = new WorkspaceStore({ db: suite.db });
      const root = await addWorkspace(suite.db);
      const removed = await addWorkspace(suite.db, { parent_id: root, status: "removed" });
      const grandchild = await addWorkspace(suite.db, { parent_id: removed });
      await addWorkspace(suite.db);
      const found = await suite.db.transaction().execute((trx) => store.descendants(trx, root));
      expect(found.map((row) => row.id)).to.deep.equal([root, removed, grandchild].sort());
    });

    it("comes to an end on parents that form a ring", async () => {
      const store = new WorkspaceStore({ db: suite.db });
      const a = await addWorkspace(suite.db);
      const b = await addWorkspace(suite.db, { parent_id: a });
      await suite.db.updateTable("workspaces").set({ parent_id: b }).where("id", "=", a).execute();
      const found = await suite.db.transaction().execute((trx) => store.descendants(trx, a));
      expect(found.map((row) => row.id)).to.deep.equal([a, b].sort());
    });

    it("can hold every status there is, and no other", async () => {
      for (const status of WORKSPACE_STATUSES) await addWorkspace(suite.db, { status });
      const id = await addWorkspace(suite.db);
      const refused = sql`update workspaces set status = 'lost' where id = ${id}`.execute(suite.db);
      expect(await refused.catch(String)).to.contain("workspaces_status_check");
    });

    if (kind === "postgres") {
      it("locks what descendants answers until the transaction ends", async () => {
        const store = new WorkspaceStore({ db: suite.db });
        const root = await addWorkspace(suite.db);
        const child = await addWorkspace(suite.db, { parent_id: root });
        await suite.db.transaction().execute(async (trx) => {
          await store.descendants(trx, root);
          const free = sql<{ id: string }>`select id from workspaces for update skip locked`;
          expect((await free.execute(suite.db)).rows).to.deep.equal([]);
        });
        const free = sql<{ id: string }>`select id from workspaces order by id for update skip locked`;
        expect((await free.execute(suite.db)).rows.map((row) => row.id)).to.deep.equal([root, child].sort());
      });
    }
  });
}
