import { expect } from "chai";
import { create, untilStatus } from "../e2e/workspace-api.js";
import { CONTAINER_LIST, emptyList, listWithout, refusal, VOLUME_LIST } from "../support/engine-faults.js";
import { eventually } from "../support/eventually.js";
import { useBystanderWorld } from "./bystander.js";
import { engineObjects } from "./invariants.js";
import type { FaultWorld } from "./world.js";

describe("faults 11, 12: what the sweeps make of lists and inspects that are not to be believed", function () {
  this.timeout(300_000);
  const suite = useBystanderWorld();
  let world: FaultWorld;
  let live: string;
  let bystanders: readonly string[];
  before(() => {
    ({ world, live, bystanders } = suite);
  });

  /** What a pass told of its own installation: an engine may hold other things. */
  const toldOfOurs = (told: string) =>
    told
      .split(", ")
      .filter((part) => !/ (of other installations|without labels)$/.test(part))
      .join(", ");
  const skipped = /^skipped: nothing is known of the engine: .*it is on fire/;
  // What is told of a pass without the containers' list, then of one without the volumes': the leak is the only one that
  // is ever removed, and of that a volume only together with its container.
  for (const [what, fault, withoutContainers, withoutVolumes] of [
    ["empty", emptyList, /^not removed: volume [^,]+$/, /^1 removed$/],
    // Of the rest of the world everything is told.
    ["partial", listWithout, /^not removed: volume [^,]+$/, /^2 removed$/],
    ["a 500", () => refusal(500, "it is on fire"), skipped, skipped],
  ] as const) {
    it(`11: nothing that lives is removed and no status changes while the engine's list is ${what}`, async () => {
      const leaked = await world.plant();
      await world.insertRow(leaked, { status: "removed" });
      const listed = await world.plant();
      // Nobody restarts it: what it has shall be there because it was not removed.
      await world.insertRow(listed, { status: "paused" });
      const containers = [...(await world.containersOf(live)), ...(await world.containersOf(leaked))];
      const hidden = [...containers, ...(await world.volumesOf(live))];
      world.proxy.fail("GET", CONTAINER_LIST, fault(hidden));
      await world.sweep("health-sweep");
      expect(await world.statusOf(live)).to.equal("online");
      expect(world.proxy.count("GET", CONTAINER_LIST)).to.be.greaterThan(0);
      // Nor a volume whose container is only not told.
      expect(toldOfOurs(await world.reap())).to.match(withoutContainers);
      expect(await world.containersOf(leaked)).to.have.length(1);
      expect(await world.volumesOf(leaked)).to.have.length(1);
      world.proxy.fail("GET", VOLUME_LIST, fault(hidden));
      expect(toldOfOurs(await world.reap())).to.match(withoutVolumes);
      expect(world.proxy.count("GET", VOLUME_LIST)).to.be.greaterThan(0);
      expect(await world.containersOf(listed)).to.have.length(1);
      expect(await world.volumesOf(listed)).to.have.length(1);
      world.proxy.heal();
      await world.client.query("update workspaces set status = 'removed' where id = $1", [listed]);
      await world.reap();
      for (const id of [leaked, listed]) expect(await world.isGone(id)).to.equal(true);
    });
  }

  it("11: a live container is not taken for lost, and is paused, while the list tells of an older one only", async () => {
    const id = await create(world.host, { name: "Twice", runtime: "probe", tier: 2 });
    await untilStatus(world.host, id, "online");
    expect((await world.host.api("POST", `/workspaces/${id}/restart`)).status).to.equal(200);
    await untilStatus(world.host, id, "online");
    const [current = "", ...others] = await world.containersOf(id);
    expect(others).to.deep.equal([]);
    const objects = await engineObjects(world.engine.docker, [id]);
    // As a rollout leaves behind what it could not remove.
    await world.plant({ workspaceId: id, attempt: 1 });

    world.proxy.fail("GET", CONTAINER_LIST, listWithout([current]));
    expect(await world.sweep("health-sweep")).to.deep.equal({ ok: true, detail: null, error: null });
    // All of them first, then those of this one workspace.
    expect(world.proxy.count("GET", CONTAINER_LIST)).to.be.at.least(2);
    expect(await world.statusOf(id)).to.equal("online");
    world.proxy.heal();
    expect(await world.reap()).to.contain("1 removed");
    await world.check({ accepted: [id], untouched: objects });

    await world.plant({ workspaceId: id, attempt: 1 });
    world.proxy.fail("GET", CONTAINER_LIST, listWithout([current]));
    expect((await world.host.api("POST", `/workspaces/${id}/pause`)).status).to.equal(200);
    await eventually(
      async () => {
        const query = "select 1 from workspaces where id = $1 and not stop_pending";
        return (await world.client.query(query, [id])).rowCount === 1;
      },
      { what: "the pause is done" },
    );
    expect(await world.containersOf(id)).to.deep.equal([]);
    world.proxy.heal();
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await world.isGone(id)).to.equal(true);
  });

  it("11: a container that runs is not restarted for its offline workspace while the list leaves it out", async () => {
    const secrets = { QUIET_ONCE: "1" };
    const id = await create(world.host, { name: "Quiet", runtime: "probe", tier: 2, secrets });
    const launched = "select 1 from workspaces where id = $1 and handle is not null";
    await eventually(async () => (await world.client.query(launched, [id])).rowCount === 1, {
      what: "its container runs",
      timeoutMs: 60_000,
    });
    const objects = await engineObjects(world.engine.docker, [id]);
    await world.client.query("update workspaces set status = 'offline' where id = $1", [id]);
    world.proxy.fail("GET", CONTAINER_LIST, listWithout(await world.containersOf(id)));
    expect(await world.sweep("health-sweep")).to.deep.equal({ ok: true, detail: null, error: null });
    expect(await world.statusOf(id)).to.equal("offline");
    expect(await engineObjects(world.engine.docker, [id])).to.deep.equal(objects);
    world.proxy.heal();
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
  });

  it("11: nothing is removed while the engine's list is cut", async () => {
    world.proxy.fail("GET", CONTAINER_LIST, { kind: "cut" });
    expect(await world.reap()).to.contain("skipped: nothing is known of the engine");
  });

  it("12: an inspect that fails makes that one container unknown, and no other", async () => {
    const [stuck, plain] = [await world.plant(), await world.plant()];
    for (const id of [stuck, plain]) await world.insertRow(id, { status: "removed" });
    const [container = ""] = await world.containersOf(stuck);
    world.proxy.fail("GET", new RegExp(`^/containers/${container}/json$`), refusal(500, "it is on fire"));
    expect(await world.reap())
      .to.contain("2 removed")
      .and.to.contain("it is on fire");
    expect(await world.isGone(plain)).to.equal(true);
    // Its container could not be stopped, so its volume stays as well.
    expect(await world.volumesOf(stuck)).to.have.length(1);
    world.proxy.heal();
    await world.reap();
    expect(await world.isGone(stuck)).to.equal(true);
  });

  it("12: an inspect that fails leaves one workspace as it is, and another that has lost its container is brought back", async () => {
    const spec = { name: "Killed", runtime: "probe", tier: 2 };
    const [unknown, plain] = [await create(world.host, spec), await create(world.host, spec)];
    for (const id of [unknown, plain]) await untilStatus(world.host, id, "online");
    const [stuck = ""] = await world.containersOf(unknown);
    const [lost = ""] = await world.containersOf(plain);
    for (const id of [stuck, lost]) await world.engine.docker.getContainer(id).kill();
    const inspect = new RegExp(`^/containers/${stuck}/json$`);
    world.proxy.fail("GET", inspect, refusal(500, "it is on fire"));
    expect(await world.sweep("health-sweep")).to.include({ ok: true, detail: "1 offline, 1 restarted" });
    expect(world.proxy.count("GET", inspect)).to.be.greaterThan(0);
    expect(await world.statusOf(unknown)).to.equal("online");
    expect(await world.containersOf(unknown)).to.deep.equal([stuck]);
    await untilStatus(world.host, plain, "online");
    world.proxy.heal();
    expect(await world.sweep("health-sweep")).to.include({ ok: true, detail: "1 offline, 1 restarted" });
    await untilStatus(world.host, unknown, "online");
    await world.check({ accepted: [unknown, plain], untouched: bystanders });
    for (const id of [unknown, plain]) {
      expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    }
  });
});
