import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { sql } from "kysely";
import { lockTree } from "../../dist/storage/tree-lock.js";
import { asTier } from "../../dist/workspaces/tier.js";
import { useDatabase } from "../storage/databases.js";
import { useHosts, type DomainHost } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

const WORKSPACES = 20;
const ROUNDS = 50;

describe("deleting, restarting and registering at once", function () {
  this.timeout(240_000);
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  it(`leaves nothing of ${WORKSPACES} workspaces, ${ROUNDS} times`, async () => {
    const runtime = new ShelfRuntime();
    runtime.onJob = () => new Promise((resolve) => setImmediate(resolve));
    const host = await start(runtime);
    const removed: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const ids = Array.from({ length: WORKSPACES }, () => randomUUID());
      const [root = ""] = ids;
      const rows = ids.map((id, n) => ({
        id,
        name: `Workspace ${n}`,
        tier: asTier(2),
        status: "online" as const,
        runtime: "demo",
        parent_id: n === 0 ? null : (ids[n % 3 === 0 ? 0 : n - 1] ?? null),
      }));
      await suite.db.insertInto("workspaces").values(rows).execute();
      const work = ids.flatMap((id, n) => [
        settled(host.services.restart.restart(id)),
        settled(registered(host, id)),
        ...(n % 5 === 0 ? [settled(host.services.api.pausing.pause(id))] : []),
        ...(n % 5 === 1 ? [settled(host.create({ parent_id: id }))] : []),
        ...(n === 10 ? [settled(host.services.deletion.remove(root, { confirm: true, purge: false }))] : []),
      ]);
      await Promise.all(work);
      removed.push(...ids);
    }
    const live = await suite.db
      .selectFrom("workspaces")
      .select("id")
      .where("status", "<>", "removed")
      .execute();
    expect(live, "a child of a removed workspace").to.deep.equal([]);
    await eventually(async () => {
      await host.services.recovery.atBoot();
      return runtime.shelves.size === 0;
    });
    expect(runtime.overlaps).to.deep.equal([]);
    expect(removed).to.have.length(ROUNDS * WORKSPACES);
    for (const id of removed) {
      const types = await host.eventTypes(id);
      expect(types.at(-1)).to.equal("WORKSPACE_REMOVED");
      expect(types.filter((type) => type === "WORKSPACE_REMOVED")).to.have.length(1);
      expect(await host.tokens.countLive(id)).to.equal(0);
    }
  });
});

describe("deleting a workspace while a child of it is created", () => {
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  it("asks for confirmation of what it finds when its turn has come", async () => {
    const host = await start(new ShelfRuntime());
    const parent = await host.create();
    let remove = Promise.resolve<unknown>(null);
    await host.events.transact(async (trx) => {
      await lockTree(trx);
      remove = host.services.deletion.remove(parent, { confirm: false, purge: false });
      const waits = sql<{ n: number }>`
        select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      await eventually(async () => (await waits.execute(suite.db)).rows[0]?.n === 1);
      const child = { name: "Child", tier: asTier(2), status: "online" as const, runtime: "demo" };
      await trx
        .insertInto("workspaces")
        .values({ ...child, id: randomUUID(), parent_id: parent })
        .execute();
    });
    expect(await remove).to.have.property("status", 409);
    expect(await remove).to.have.nested.property("body.children[0].name", "Child");
    expect((await host.row(parent)).status).not.to.equal("removed");
  });
});

/** Refusals are answers; anything else is a fault. */
async function settled(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isCodedError(error)) throw error;
  }
}

async function registered(host: DomainHost, id: string): Promise<void> {
  const { attempt } = await host.row(id);
  await host.services.registration.register(
    { id, url: "http://localhost:8000", agent_card: {} },
    { attempt },
  );
}
