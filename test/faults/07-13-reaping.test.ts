import { randomUUID } from "node:crypto";
import { expect } from "chai";
import pg from "pg";
import { field, untilStatus } from "../e2e/workspace-api.js";
import { runMolecule } from "../support/cli.js";
import { eventually } from "../support/eventually.js";
import { usePostgres } from "../support/postgres.js";
import { useBystanderWorld } from "./bystander.js";
import { engineObjects } from "./invariants.js";
import type { FaultWorld } from "./world.js";

const HOUR_MS = 3_600_000;

describe("faults 7–10, 13: what the orphan sweep must not touch, and what it must", function () {
  this.timeout(300_000);
  const suite = useBystanderWorld();
  let world: FaultWorld;
  let live: string;
  before(() => {
    ({ world, live } = suite);
  });

  it("a leak made by hand is gone within one pass, with its proof in the log", async () => {
    const id = await world.plant();
    await world.insertRow(id, { status: "removed" });
    expect(await world.reap()).to.contain("2 removed");
    expect(await world.isGone(id)).to.equal(true);
    const line = world.host.lines.find(
      ({ text }) => text.includes("orphan removed: container") && text.includes(id),
    );
    expect(line?.fields).to.include({ proof: "removed", workspaceId: id });
  });

  it("a container of a superseded attempt is removed, its workspace's volumes and current container are not", async () => {
    const id = await world.plant({ attempt: 1 });
    await world.plant({ workspaceId: id, attempt: 2 });
    await world.insertRow(id, { status: "offline", attempt: 2 });
    expect(await world.reap()).to.contain("1 removed");
    expect(await world.containersOf(id)).to.have.length(1);
    expect(await world.volumesOf(id)).to.have.length(2);
    await world.client.query("update workspaces set status = 'removed' where id = $1", [id]);
    await world.reap();
    expect(await world.isGone(id)).to.equal(true);
  });

  it("7: a container whose row is committed later is not reaped", async () => {
    const id = await world.plant();
    for (let pass = 0; pass < 3; pass += 1) expect(await world.reap()).to.contain("2 waiting");
    await world.insertRow(id);
    await world.reap();
    expect(await world.containersOf(id)).to.have.length(1);
    await world.client.query("update workspaces set status = 'removed' where id = $1", [id]);
    await world.reap();
    expect(await world.isGone(id)).to.equal(true);
  });

  it("removes what has no row when it is old enough and two passes agree, and not before", async () => {
    const id = await world.plant();
    world.agePlanted(HOUR_MS);
    expect(await world.reap()).to.contain("2 waiting");
    expect(await world.isGone(id)).to.equal(false);
    expect((await world.sweep("orphan-sweeper", "dry-run")).detail).to.contain("2 would be removed");
    expect(await world.isGone(id)).to.equal(false);
    expect(await world.reap()).to.contain("2 removed");
    expect(await world.isGone(id)).to.equal(true);
  });

  it("8: nothing is removed while the database is down, slow, or drops in the middle of a query", async () => {
    const id = await world.plant();
    await world.insertRow(id, { status: "removed" });
    const { pathname } = new URL(world.database.url);
    const name = pathname.slice(1);
    const admin = new pg.Client({ connectionString: world.database.url.replace(pathname, "/postgres") });
    await admin.connect();
    const cut = () =>
      admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
        [name],
      );
    try {
      // Slow, then dropped: a lock keeps the query of the sweep waiting until its connection is cut.
      const locker = new pg.Client({ connectionString: world.database.url });
      locker.on("error", () => undefined);
      await locker.connect();
      await locker.query("begin; lock table workspaces in access exclusive mode");
      const blocked = world.sweep("orphan-sweeper");
      await eventually(async () => {
        const waiting = await admin.query(
          // Not that of a heartbeat, which waits for the same.
          `select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'
           and query like '%from "workspaces" where workspaces.id = any(%'`,
          [name],
        );
        return (waiting.rowCount ?? 0) > 0;
      });
      await cut();
      expect((await blocked).ok).to.equal(false);
      await locker.end().catch(() => undefined);

      await admin.query(`alter database "${name}" with allow_connections false`);
      await cut();
      const pass = await world.host.api("POST", "/admin/loops/orphan-sweeper", { action: "run" });
      expect(field(pass.body, "report", "error")).to.contain("not currently accepting connections");
      expect(await world.containersOf(id)).to.have.length(1);
    } finally {
      await admin.query(`alter database "${name}" with allow_connections true`);
      await admin.end();
    }
    await world.reconnect();
    await eventually(async () => (await world.sweep("orphan-sweeper")).ok, { timeoutMs: 30_000 });
    expect(await world.isGone(id)).to.equal(true);
  });

  it("9: a restored backup blows the fuse, tells it, removes nothing, and waits for an operator", async () => {
    const lost = await Promise.all([1, 2, 3, 4, 5].map(() => world.plant()));
    world.agePlanted(HOUR_MS);
    await world.reap();
    expect(await world.reap()).to.contain("10 held back by the fuse");
    expect(await world.reap()).to.contain("10 held back by the fuse");
    for (const id of lost) expect(await world.isGone(id)).to.equal(false);
    const ready = await world.host.api("GET", "/ready");
    expect(ready.status).to.equal(200);
    expect(field(ready.body, "checks", "orphan_fuse", "status")).to.equal("degraded");
    const events = (await world.host.api("GET", "/events")).text;
    expect(events.split("ORPHAN_FUSE_BLOWN")).to.have.length(2);
    const listed = await world.host.api("GET", "/admin/orphans");
    expect(field(listed.body, "fuse", "workspaceIds")).to.have.members(lost);

    const [adopted = "", ...others] = lost;
    const adoption = await world.host.api("POST", "/admin/orphans/adopt", { workspace_id: adopted, tier: 2 });
    expect(adoption.body).to.deep.equal({ id: adopted, status: "provisioning", attempt: 2 });
    await untilStatus(world.host, adopted, "online");

    const fuse = { fuse: "000000000000" };
    const other = await world.host.api("POST", "/admin/orphans/confirm", fuse);
    expect([other.status, field(other.body, "code")]).to.deep.equal([409, "ORPHAN_FUSE_CHANGED"]);
    const { output } = await runMolecule(["orphans", "list", "--url", world.host.url]);
    const shown = /molecule orphans confirm ([0-9a-f]{12}) lets the next pass/.exec(output)?.[1] ?? output;
    expect((await runMolecule(["orphans", "confirm", shown, "--url", world.host.url])).output).to.contain(
      "confirmed: the next pass removes what the fuse held back",
    );
    expect(await world.reap()).to.contain("8 removed");
    for (const id of others) expect(await world.isGone(id)).to.equal(true);
    await world.reap();
    expect(field((await world.host.api("GET", "/ready")).body, "checks", "orphan_fuse")).to.equal(undefined);
    expect((await world.host.api("DELETE", `/workspaces/${adopted}`)).status).to.equal(200);
  });

  it("9: a host that was started on an empty database takes what it finds for another installation's", async function () {
    const waiting = await world.plant();
    const before = await engineObjects(world.engine.docker, [live, waiting]);
    const empty = await (await usePostgres(this)).freshDatabase();
    await world.host.stop();
    await world.startHost({ DATABASE_URL: empty.url });
    world.agePlanted(HOUR_MS);
    for (let pass = 0; pass < 3; pass += 1) {
      const told = await world.reap();
      const foreign = Number(/(\d+) of other installations/.exec(told)?.[1]);
      expect(foreign, told).to.be.at.least(before.length);
      expect(told).not.to.contain("removed");
      for (const loop of ["health-sweep", "provision-timeout", "workspace-recovery"] as const) {
        expect((await world.sweep(loop)).error).to.equal(null);
      }
    }
    expect(await engineObjects(world.engine.docker, [live, waiting])).to.deep.equal(before);

    await world.host.stop();
    await empty.drop();
    world.proxy.heal();
    await world.startHost();
    expect(await world.statusOf(live)).to.equal("online");
    await world.insertRow(waiting, { status: "removed" });
    // The pass at the start may have been the one.
    await world.reap();
    expect(await world.isGone(waiting)).to.equal(true);
  });

  it("9: a live container that is newer than all its row knows of is left alone", async () => {
    const id = await world.plant({ attempt: 5 });
    await world.insertRow(id, { status: "offline", attempt: 2 });
    world.agePlanted(HOUR_MS);
    for (let pass = 0; pass < 3; pass += 1) expect(await world.reap()).to.contain("1 unproven");
    expect(await world.containersOf(id)).to.have.length(1);
    await world.client.query("update workspaces set status = 'removed' where id = $1", [id]);
    await world.reap();
  });

  it("10: a row that can't be made sense of makes its own workspace unknown, and no other", async () => {
    const [odd, plain] = [await world.plant(), await world.plant()];
    await world.client.query("alter table workspaces drop constraint workspaces_status_check");
    await world.insertRow(odd, { status: "gibberish" });
    await world.insertRow(plain, { status: "removed" });
    expect(await world.reap())
      .to.contain("2 removed")
      .and.to.contain("2 unproven");
    expect(await world.isGone(plain)).to.equal(true);
    expect(await world.containersOf(odd)).to.have.length(1);
    await world.client.query("update workspaces set status = 'removed' where id = $1", [odd]);
    await world.reap();
    expect(await world.isGone(odd)).to.equal(true);
  });

  it("13: another installation's objects, and a user's own container named ws-…, are still there after 100 passes", async () => {
    const foreign = await world.plant({ instanceId: randomUUID() });
    // Copied labels of a workspace that is removed here.
    const copied = await world.plant({ instanceId: randomUUID() });
    await world.insertRow(copied, { status: "removed" });
    const own = await world.engine.docker.createContainer({
      name: `ws-${randomUUID().slice(0, 12)}`,
      Image: world.engine.busybox,
      Labels: { ...world.engine.labels },
    });
    world.agePlanted(HOUR_MS);
    const before = await engineObjects(world.engine.docker, [foreign, copied]);
    for (let pass = 0; pass < 100; pass += 1) await world.reap();
    expect(await engineObjects(world.engine.docker, [foreign, copied])).to.deep.equal(before);
    await own.inspect();
    const listed = await world.host.api("GET", "/admin/orphans");
    expect(listed.text).to.contain("it carries the labels of another installation");
    expect(listed.text).to.contain("it does not carry the labels of this platform");
    const id = before[0]?.split(" ")[1] ?? "";
    expect((await world.host.api("POST", "/admin/orphans/remove", { id })).status).to.equal(404);
  });
});
