import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
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
