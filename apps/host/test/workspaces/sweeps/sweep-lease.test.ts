import { randomUUID } from "node:crypto";
import { SecretMasker, silentLogger, systemClock } from "@molecule/core";
import { expect } from "chai";
import { TokenMasks } from "../../../dist/masking/token-masks.js";
import { EventLog } from "../../../dist/storage/event-log.js";
import { systemRandom } from "../../../dist/storage/random.js";
import { TokenStore } from "../../../dist/storage/token-store.js";
import { WorkspaceStore } from "../../../dist/storage/workspace-store.js";
import { NoneRuntime } from "../../../dist/runtimes/none.js";
import { StateMachine } from "../../../dist/workspaces/state-machine.js";
import { fuseId } from "../../../dist/workspaces/sweeps/fuse-id.js";
import { StoredOwnerRecords } from "../../../dist/workspaces/sweeps/owner-records.js";
import { StoredProvisionDeadlines } from "../../../dist/workspaces/sweeps/provision-deadlines.js";
import { addWorkspace, useDatabase } from "../../storage/databases.js";

const LOOP = "a-loop";

describe("writes of a sweep whose lease went to another host", () => {
  const suite = useDatabase("postgres");

  /** The loop has been taken over with number 2. */
  async function ports() {
    const { db } = suite;
    await db.deleteFrom("loop_leases").execute();
    await db
      .insertInto("loop_leases")
      .values({ loop: LOOP, holder: randomUUID(), fence: 2, expires_at: new Date(Date.now() + 60_000) })
      .execute();
    const masker = new SecretMasker();
    const events = new EventLog({ db, clock: systemClock, log: silentLogger, masker, hostId: randomUUID() });
    const tokens = new TokenStore({
      db,
      random: systemRandom,
      log: silentLogger,
      masks: new TokenMasks(masker),
    });
    const workspaces = new WorkspaceStore({ db });
    const stateMachine = new StateMachine({ workspaces, tokens, hostId: randomUUID() });
    const deadlines = new StoredProvisionDeadlines({
      db,
      events,
      tokens,
      stateMachine,
      runtime: new NoneRuntime("this is a test"),
      overrideSeconds: null,
      declaredSeconds: () => null,
    });
    return { events, deadlines, records: new StoredOwnerRecords({ db, events }) };
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "none",
      (error: unknown) => (error instanceof Error && "code" in error ? error.code : "other"),
    );

  it("are refused, and change nothing", async () => {
    const { events, deadlines, records } = await ports();
    const workspaceId = await addWorkspace(suite.db, { status: "provisioning" });
    const failure = { error: "late", timeoutSeconds: 1, source: "test" };
    const stale = { loop: LOOP, fence: 1 };
    const provision = { workspaceId, attempt: 1 };
    expect(await codeOf(deadlines.timeOut(provision, failure, stale))).to.equal("SWEEP_LEASE_LOST");
    expect(await codeOf(records.blowFuse([workspaceId], 3, stale))).to.equal("SWEEP_LEASE_LOST");
    expect(await codeOf(records.assertLease(stale))).to.equal("SWEEP_LEASE_LOST");
    const row = await suite.db
      .selectFrom("workspaces")
      .select("status")
      .where("id", "=", workspaceId)
      .executeTakeFirstOrThrow();
    expect(row.status).to.equal("provisioning");
    expect(await events.list({ limit: 10 })).to.deep.equal([]);
    expect(await records.fuse()).to.deep.equal({ state: "whole" });

    expect(await deadlines.timeOut(provision, failure, { loop: LOOP, fence: 2 })).to.equal(true);
    expect(await deadlines.timeOut(provision, failure, { loop: LOOP, fence: 2 })).to.equal(false);
    expect(await deadlines.leftovers()).to.have.length(1);
  });

  it("tell of the fuse once, and again when it blows after it was mended", async () => {
    const { events, records } = await ports();
    const lease = { loop: LOOP, fence: 2 };
    const [one, two] = [randomUUID(), randomUUID()];
    await records.blowFuse([one], 3, lease);
    await records.blowFuse([one, two], 3, lease);
    expect(await records.fuse()).to.deep.include({ state: "blown", workspaceIds: [one, two] });
    expect(await codeOf(records.confirmFuse(fuseId([one])))).to.equal("ORPHAN_FUSE_CHANGED");
    const shown = fuseId([two, one]);
    expect(await records.confirmFuse(shown)).to.deep.equal([one, two]);
    expect(await records.fuse()).to.include({ state: "confirmed" });
    await records.mendFuse(lease);
    expect(await codeOf(records.confirmFuse(shown))).to.equal("ORPHAN_FUSE_WHOLE");
    const types = (await events.list({ limit: 10 })).map((event) => event.event_type).reverse();
    expect(types).to.deep.equal(["ORPHAN_FUSE_BLOWN", "ORPHAN_FUSE_CONFIRMED", "ORPHAN_FUSE_MENDED"]);
  });
});
