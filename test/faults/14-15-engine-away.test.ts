import { expect } from "chai";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
import { CONTAINER_LIST } from "../support/engine-faults.js";
import { eventually } from "../support/eventually.js";
import { engineObjects } from "./invariants.js";
import { FaultWorld } from "./world.js";

describe("faults 14–15: an engine that hangs, goes away and comes back", function () {
  this.timeout(180_000);
  let world: FaultWorld;
  let live: string;
  before(async function () {
    world = await FaultWorld.open(this);
    live = await create(world.host, { name: "Bystander", runtime: "probe", tier: 2 });
    await untilStatus(world.host, live, "online");
    await world.mark(live);
  });
  afterEach(async () => {
    world.proxy.heal();
    await world.check({ accepted: [live] });
  });
  after(() => world.close());

  it("14: while the engine hangs, deadlines fire, loops stay alive, the API answers, nothing is removed", async () => {
    const removed = await world.plant();
    await world.insertRow(removed, { status: "removed" });
    const before = await engineObjects(world.engine.docker, [removed, live]);
    world.proxy.heal();
    world.proxy.fault = () => ({ kind: "hang" });
    const passes = Promise.all(
      (["orphan-sweeper", "health-sweep", "provision-timeout"] as const).map((loop) => world.sweep(loop)),
    );
    // The listings of the first two: a timeout's sweep has nothing to look for.
    await eventually(() => world.proxy.count("GET", CONTAINER_LIST) >= 2);
    expect((await world.host.api("GET", "/health")).status).to.equal(200);
    expect((await world.host.api("GET", "/workspaces")).status).to.equal(200);
    const [orphans, health, timeouts] = await passes;
    expect(orphans?.detail).to.contain("skipped: nothing is known of the engine");
    expect(health?.detail).to.contain("nothing is known of the engine");
    expect(timeouts?.ok).to.equal(true);
    expect(await engineObjects(world.engine.docker, [removed, live])).to.deep.equal(before);
    expect(await world.statusOf(live)).to.equal("online");
    world.proxy.heal();
    expect(await world.reap()).to.contain("2 removed");
  });

  it("15: a container that the engine has published elsewhere is found there", async () => {
    const before = await find(world.host, live);
    const [container = ""] = await world.containersOf(live);
    // What an engine's restart does to a container; its port is another one afterwards.
    await world.engine.docker.getContainer(container).restart({ t: 1 });
    const moved = await eventually(
      async () => {
        await world.sweep("health-sweep");
        const now = await find(world.host, live);
        return now !== undefined && now.url !== before?.url ? now : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 200, what: "the url of the restarted container" },
    );
    const inspected = await world.engine.docker.getContainer(container).inspect();
    const port = inspected.NetworkSettings.Ports["8000/tcp"]?.[0]?.HostPort ?? "?";
    expect(moved.url).to.equal(`http://127.0.0.1:${port}`);
    expect(await world.statusOf(live)).to.equal("online");
  });

  it("15: a workspace whose container is gone or has ended goes offline and comes back by itself", async () => {
    for (const end of ["remove", "stop"] as const) {
      const [container = ""] = await world.containersOf(live);
      const target = world.engine.docker.getContainer(container);
      await (end === "remove" ? target.remove({ force: true }) : target.stop({ t: 0 }));
      await eventually(
        async () => {
          await world.sweep("health-sweep");
          return (
            (await world.statusOf(live)) === "online" && (await world.containersOf(live))[0] !== container
          );
        },
        { timeoutMs: 90_000, intervalMs: 500, what: `the workspace is back after its container was ${end}d` },
      );
      // The second loss in a row is not seen to at once; see the plugin's back-off.
      await world.client.query("update workspace_sweeps set restarts = 0");
    }
    expect((await eventTypes(world.host, live)).slice(-3)).to.deep.equal([
      "WORKSPACE_OFFLINE",
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ONLINE",
    ]);
  });

  it("15: an engine that goes away during a delete and a provision: both are finished when it is back", async () => {
    const doomed = await create(world.host, { name: "Doomed", runtime: "probe", tier: 2 });
    await untilStatus(world.host, doomed, "online");
    world.proxy.fail("POST", /\/(stop|containers\/create)$/, { kind: "hang" });
    const deletion = world.host.api("DELETE", `/workspaces/${doomed}`);
    const cut = await create(world.host, { name: "Cut", runtime: "probe", tier: 2 });
    for (const path of [/\/stop$/, /\/containers\/create$/]) {
      await eventually(() => world.proxy.count("POST", path) > 0, { what: `POST ${path.source}` });
    }
    await world.proxy.close();
    expect((await deletion).status).to.equal(500);
    await eventually(
      async () => (await find(world.host, cut))?.last_sample_error.includes("can't be reached"),
      { timeoutMs: 60_000 },
    );
    expect(await world.statusOf(cut)).to.equal("provisioning");
    await world.proxy.open();
    world.proxy.heal();
    await world.sweep("workspace-recovery");
    await world.reap();
    expect(await world.isGone(doomed)).to.equal(true);
    await untilStatus(world.host, cut, "online");
    expect(await world.containersOf(cut)).to.have.length(1);
    expect(field((await world.host.api("DELETE", `/workspaces/${cut}`)).body, "status")).to.equal("removed");
  });
});
