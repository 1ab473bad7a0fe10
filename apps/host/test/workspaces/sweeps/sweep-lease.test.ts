import { randomUUID } from "node:crypto";
import { silentLogger, type AttemptOfWorkspace, type SweepLease } from "@molecule/core";
import { expect } from "chai";
import type { WorkspaceStatus } from "../../../dist/storage/schema.js";
import { StateMachine } from "../../../dist/workspaces/state-machine.js";
import { fuseId } from "../../../dist/workspaces/sweeps/fuse-id.js";
import { markLeftover } from "../../../dist/workspaces/sweeps/leftovers.js";
import { StoredOwnerRecords } from "../../../dist/workspaces/sweeps/owner-records.js";
import { StoredProvisionDeadlines } from "../../../dist/workspaces/sweeps/provision-deadlines.js";
import { StoredWorkspaceHealth } from "../../../dist/workspaces/sweeps/workspace-health.js";
import { addWorkspace, useDatabase } from "../../storage/databases.js";
import { useHosts } from "../hosts.js";
import { ShelfRuntime } from "../shelf-runtime.js";

const LOOP = "a-loop";
/** Of the host that the loop was taken from, and of the one that has it now. */
const LOST: SweepLease = { loop: LOOP, fence: 1 };
const HELD: SweepLease = { loop: LOOP, fence: 2 };

describe("writes of a sweep whose lease went to another host", () => {
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  /** The loop has been taken over with number 2. */
  async function ports() {
    const { db } = suite;
    await db.deleteFrom("loop_leases").execute();
    await db
      .insertInto("loop_leases")
      .values({ loop: LOOP, holder: randomUUID(), fence: 2, expires_at: new Date(Date.now() + 60_000) })
      .execute();
    const runtime = new ShelfRuntime();
    const { events, tokens, workspaces, hostId, services } = await start(runtime);
    const stateMachine = new StateMachine({ workspaces, tokens, hostId });
    const common = { db, events, stateMachine, runtime };
    const deadlines = new StoredProvisionDeadlines({
      ...common,
      tokens,
      overrideSeconds: null,
      declaredSeconds: () => null,
    });
    const health = new StoredWorkspaceHealth({ ...common, restart: services.restart, hostId });
    return { runtime, events, deadlines, health, records: new StoredOwnerRecords({ db, events }) };
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
    const provision = { workspaceId, attempt: 1 };
    expect(await codeOf(deadlines.timeOut(provision, failure, LOST))).to.equal("SWEEP_LEASE_LOST");
    expect(await codeOf(records.blowFuse([workspaceId], 3, LOST))).to.equal("SWEEP_LEASE_LOST");
    expect(await codeOf(records.assertLease(LOST))).to.equal("SWEEP_LEASE_LOST");
    const row = await suite.db
      .selectFrom("workspaces")
      .select("status")
      .where("id", "=", workspaceId)
      .executeTakeFirstOrThrow();
    expect(row.status).to.equal("provisioning");
    expect(await events.list({ limit: 10 })).to.deep.equal([]);
    expect(await records.fuse()).to.deep.equal({ state: "whole" });

    expect(await deadlines.timeOut(provision, failure, HELD)).to.equal(true);
    expect(await deadlines.timeOut(provision, failure, HELD)).to.equal(false);
    expect(await deadlines.leftovers()).to.have.length(1);
  });

  type Ports = Awaited<ReturnType<typeof ports>>;
  type Write = readonly [
    name: string,
    status: WorkspaceStatus,
    write: (ports: Ports, workspace: AttemptOfWorkspace, lease: SweepLease) => Promise<unknown>,
  ];
  const plan = { restarts: 1, delayMs: 60_000 };
  const [from, to] = ["http://127.0.0.1:1", "http://127.0.0.1:2"] as const;
  const call = () => ({ signal: new AbortController().signal, log: silentLogger });
  const writes: readonly Write[] = [
    ["lose", "online", ({ health }, it, lease) => health.lose(it, plan, lease)],
    ["planRestart", "provisioning", ({ health }, it, lease) => health.planRestart(it, plan, lease)],
    ["restart", "offline", ({ health }, it, lease) => health.restart({ ...it, status: "offline" }, lease)],
    ["moveUrl", "online", ({ health }, it, lease) => health.moveUrl(it, { from, to }, lease)],
    ["stopLeftover", "failed", ({ deadlines }, it, lease) => deadlines.stopLeftover(it, call(), lease)],
    ["forgetLeftover", "failed", ({ deadlines }, it, lease) => deadlines.forgetLeftover(it, lease)],
  ];
  for (const [name, status, write] of writes) {
    it(`are refused by ${name} and change nothing; those of the host that has it now are done`, async () => {
      const given = await ports();
      const workspaceId = await addWorkspace(suite.db, { status, url: from });
      await suite.db.transaction().execute((trx) => markLeftover(trx, { workspaceId, attempt: 1 }));
      let jobs = 0;
      given.runtime.onJob = () => {
        jobs += 1;
        return Promise.resolve();
      };
      const state = async () => ({
        rows: await suite.db.selectFrom("workspaces").selectAll().execute(),
        sweeps: await suite.db.selectFrom("workspace_sweeps").selectAll().execute(),
        events: await given.events.list({ limit: 10 }),
        jobs,
      });
      const before = await state();
      const workspace = { workspaceId, attempt: 1 };
      expect(await codeOf(write(given, workspace, LOST))).to.equal("SWEEP_LEASE_LOST");
      expect(await state()).to.deep.equal(before);
      expect(await codeOf(write(given, workspace, HELD))).to.equal("none");
      expect(await state()).not.to.deep.equal(before);
    });
  }

  it("tell of the fuse once, and again when it blows after it was mended", async () => {
    const { events, records } = await ports();
    const [one, two] = [randomUUID(), randomUUID()];
    await records.blowFuse([one], 3, HELD);
    await records.blowFuse([one, two], 3, HELD);
    expect(await records.fuse()).to.deep.include({ state: "blown", workspaceIds: [one, two] });
    expect(await codeOf(records.confirmFuse(fuseId([one])))).to.equal("ORPHAN_FUSE_CHANGED");
    const shown = fuseId([two, one]);
    expect(await records.confirmFuse(shown)).to.deep.equal([one, two]);
    expect(await records.fuse()).to.include({ state: "confirmed" });
    await records.mendFuse(HELD);
    expect(await codeOf(records.confirmFuse(shown))).to.equal("ORPHAN_FUSE_WHOLE");
    const types = (await events.list({ limit: 10 })).map((event) => event.event_type).reverse();
    expect(types).to.deep.equal(["ORPHAN_FUSE_BLOWN", "ORPHAN_FUSE_CONFIRMED", "ORPHAN_FUSE_MENDED"]);
  });
});
