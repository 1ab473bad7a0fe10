import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
import { closedGate, CONTAINER_LIST, refusal } from "../support/engine-faults.js";
import { eventually } from "../support/eventually.js";
import { engineObjects } from "./invariants.js";
import { FaultWorld } from "./world.js";

const VOLUME = /^\/volumes\/[^/]+$/;
const CREATE = /^\/containers\/create$/;
const CONTAINER = /^\/containers\/[0-9a-f]{64}$/;

describe("faults 1–6: deletions, and creations that come late", function () {
  this.timeout(120_000);
  let world: FaultWorld;
  let live: string;
  let bystanders: string[];
  before(async function () {
    world = await FaultWorld.open(this);
    live = await online("Bystander");
    await world.mark(live);
    bystanders = await engineObjects(world.engine.docker, [live]);
  });
  afterEach(async () => {
    world.proxy.heal();
    for (let pass = 0; pass < 2; pass += 1) await world.reap();
    await world.check({ accepted: [live], untouched: bystanders });
  });
  after(() => world.close());

  async function online(name: string): Promise<string> {
    const id = await create(world.host, { name, runtime: "probe", tier: 2 });
    await untilStatus(world.host, id, "online");
    return id;
  }
  async function recovery(action: "pause" | "resume"): Promise<void> {
    const { status } = await world.host.api("POST", "/admin/loops/workspace-recovery", { action });
    expect(status).to.equal(200);
  }
  const gone = (id: string) =>
    eventually(() => world.isGone(id), { timeoutMs: 60_000, what: `${id} is gone` });

  it("1: a client that hangs up during a delete does not keep the cleanup from completing", async () => {
    // Its own tick would finish whatever the delete leaves.
    await recovery("pause");
    const id = await online("Hung up");
    const engine = closedGate();
    world.proxy.fail("DELETE", CONTAINER, { kind: "stall", until: engine.opened });
    const call = request(`${world.host.url}/workspaces/${id}`, { method: "DELETE" });
    call.on("error", () => undefined);
    call.end();
    await eventually(() => world.proxy.count("DELETE", CONTAINER) === 1, { timeoutMs: 30_000 });
    const closed = new Promise((resolve) => call.once("close", resolve));
    call.destroy();
    await closed;
    // It has heard of the hanging up when it answers what came later.
    for (let trip = 0; trip < 2; trip += 1) await world.host.api("GET", "/health");
    engine.open();
    await gone(id);
    expect(await world.statusOf(id)).to.equal("removed");
    await recovery("resume");
  });

  it("2: a stop that fails leaves the row removed and the volumes there, is told, and the next pass finishes it", async () => {
    const id = await online("Unstoppable");
    world.proxy.fail("POST", /\/stop$/, refusal(500, "it is on fire"));
    const answer = await world.host.api("DELETE", `/workspaces/${id}`);
    expect(answer.status).to.equal(500);
    expect(field(answer.body, "stop_failures")).to.equal(1);
    expect(await world.statusOf(id)).to.equal("removed");
    expect(await world.reap()).to.contain("not removed: container");
    expect(await world.volumesOf(id)).to.have.length(2);
    world.proxy.heal();
    await world.reap();
    expect(await world.isGone(id)).to.equal(true);
  });

  it("3: a volume that is in use is tried again until it is gone", async () => {
    const id = await online("In use");
    world.proxy.fail("DELETE", VOLUME, refusal(409, "volume is in use"));
    await world.host.api("DELETE", `/workspaces/${id}`);
    for (let pass = 0; pass < 2; pass += 1) expect(await world.reap()).to.contain("not removed: volume");
    expect(await world.containersOf(id)).to.have.length(0);
    expect(await world.volumesOf(id)).to.have.length(2);
    world.proxy.heal();
    await world.reap();
    expect(await world.isGone(id)).to.equal(true);
  });

  it("4: a container that is gone already is no failure of its delete", async () => {
    const id = await online("Gone before");
    const [container = ""] = await world.containersOf(id);
    await world.engine.docker.getContainer(container).remove({ force: true });
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await world.isGone(id)).to.equal(true);
  });

  it("5: a delete wins over a provision under way", () =>
    deletedWhileCreated(() => create(world.host, { name: "Short", runtime: "probe", tier: 2 })));

  it("5: a delete wins over an automatic restart", async () => {
    const id = await online("Restarting");
    const [container = ""] = await world.containersOf(id);
    await world.engine.docker.getContainer(container).remove({ force: true });
    await deletedWhileCreated(async () => {
      expect((await world.sweep("health-sweep")).detail).to.contain("1 restarted");
      return id;
    });
  });

  it("5: a delete wins over a restart that was asked for, and over one that is asked for with it", async () => {
    const id = await online("Asked");
    const restart = () => world.host.api("POST", `/workspaces/${id}/restart`, {});
    await deletedWhileCreated(async () => {
      expect((await restart()).status).to.equal(200);
      return id;
    }, restart);
  });

  /**
   * Deletes a workspace while the engine is asked for its container, which it makes after that all the same.
   * @param begin starts the provision and answers the workspace's id
   */
  async function deletedWhileCreated(
    begin: () => Promise<string>,
    atOnce: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    const { host, proxy } = world;
    const engine = closedGate();
    proxy.fail("POST", CREATE, { kind: "stall", until: engine.opened });
    const id = await begin();
    await eventually(() => proxy.count("POST", CREATE) > 0, { what: "the creation" });
    const told = host.lines.length;
    const calls = Promise.all([host.api("DELETE", `/workspaces/${id}`), atOnce()]);
    await eventually(async () => (await world.statusOf(id)) === "removed", { what: "the row is removed" });
    expect(proxy.countAnswered("POST", CREATE)).to.equal(0);
    // One that does not wait for the provision gets ahead of it here.
    await Promise.race([calls, pause(500)]);
    engine.open();
    expect((await calls)[0].status).to.equal(200);
    expect(await world.isGone(id), "nothing is left when the delete is answered").to.equal(true);

    const isEnd = (text: string) => /provision called off|workspace launched/.test(text) && text.includes(id);
    const ended = () => host.lines.slice(told).some(({ text }) => isEnd(text));
    await eventually(ended, { what: "the provision has ended" });
    expect(proxy.countAnswered("POST", CREATE)).to.be.greaterThan(0);
    expect(await world.isGone(id), "nothing comes after it").to.equal(true);
    expect((await eventTypes(host, id)).at(-1)).to.equal("WORKSPACE_REMOVED");
  }

  it("6: a container that the engine makes although its answer was lost gives way to the next attempt", async () => {
    world.proxy.heal();
    world.proxy.fault = ({ method, path }) => {
      if (method === "POST" && CREATE.test(path)) return { kind: "lose" };
      // What came of it can't be seen either.
      return CONTAINER_LIST.test(path) && world.proxy.count("POST", CREATE) > 0
        ? refusal(500, "it is on fire")
        : undefined;
    };
    // Its own tick would resume the provision before the one that is asked for.
    await recovery("pause");
    const id = await create(world.host, { name: "Lost", runtime: "probe", tier: 2 });
    await eventually(async () => (await find(world.host, id))?.last_sample_error !== "", {
      timeoutMs: 60_000,
    });
    expect(await world.statusOf(id)).to.equal("provisioning");
    const [first] = await world.containersOf(id);
    expect(first).to.be.a("string");
    world.proxy.heal();
    expect((await world.sweep("workspace-recovery")).detail).to.contain("1 provision(s) resumed");
    await recovery("resume");
    await untilStatus(world.host, id, "online");
    expect(await world.containersOf(id))
      .to.have.length(1)
      .and.not.include(first);
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
  });

  it("6: a container that the engine makes after its provision gave up is removed", async () => {
    const gate = closedGate();
    world.proxy.fail("POST", CREATE, { kind: "stall", until: gate.opened });
    const id = await create(world.host, { name: "Late", runtime: "probe", tier: 2 });
    await eventually(() => world.proxy.count("POST", CREATE) > 0, { timeoutMs: 30_000 });
    await world.client.query(
      "update workspaces set provisioning_started_at = now() - interval '1 hour' where id = $1",
      [id],
    );
    expect((await world.sweep("provision-timeout")).detail).to.equal("1 timed out");
    expect(await world.statusOf(id)).to.equal("failed");
    // Whoever asked for it waits no longer.
    await world.host.waitForLine(
      ({ message, fields }) => message.includes("could not be taken back") && fields?.workspaceId === id,
      { timeoutMs: 60_000 },
    );
    expect((await world.sweep("provision-timeout")).detail, "there is nothing yet").to.equal(null);
    gate.open();
    await eventually(async () => (await world.containersOf(id)).length === 1, {
      timeoutMs: 30_000,
      what: "the late container",
    });
    expect((await world.sweep("provision-timeout")).detail).to.equal("1 left-over container(s) stopped");
    expect(await world.containersOf(id)).to.have.length(0);
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await world.isGone(id)).to.equal(true);
  });

  it("6: a container that can neither be started nor taken back is removed when the engine is well again", async () => {
    world.proxy.fault = ({ method, path }) =>
      (method === "POST" && path.endsWith("/start")) || (method === "DELETE" && CONTAINER.test(path))
        ? refusal(500, "it is on fire")
        : undefined;
    const id = await create(world.host, { name: "Stubborn", runtime: "probe", tier: 2 });
    await eventually(async () => (await world.statusOf(id)) === "failed", { timeoutMs: 60_000 });
    expect(await world.containersOf(id)).to.have.length(1);
    world.proxy.heal();
    expect((await world.sweep("provision-timeout")).detail).to.contain("1 left-over container(s) stopped");
    expect(await world.containersOf(id)).to.have.length(0);
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await world.isGone(id)).to.equal(true);
  });
});
