import { expect } from "chai";
import { create, eventTypes, find, untilStatus } from "../e2e/workspace-api.js";
import { useOwnEngine, type OwnEngine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { FaultWorld } from "./world.js";

const VOLUME_CREATE = /^\/volumes\/create$/;
const CREATE = /^\/containers\/create$/;
const START = /\/start$/;
const STOP = /\/stop$/;
const REMOVE = /^\/containers\/[0-9a-f]{64}$/;

describe("fault 15: an engine that is killed and started again", function () {
  this.timeout(180_000);
  let engine: OwnEngine;
  let world: FaultWorld;
  let live: string;
  before(async function () {
    engine = await useOwnEngine(this);
    world = await FaultWorld.open(this, { engine });
    live = await make("Bystander");
    await untilStatus(world.host, live, "online");
    await world.mark(live);
  });
  afterEach(async () => {
    await world.check({ accepted: [live] });
  });
  after(() => world.close());

  const make = (name: string, secrets: Readonly<Record<string, string>> = {}) =>
    create(world.host, { name, runtime: "probe", tier: 2, secrets });

  /** What the loops do by themselves, without their intervals. */
  async function untilOnline(...ids: readonly string[]): Promise<void> {
    await eventually(
      async () => {
        await world.sweep("workspace-recovery");
        await world.sweep("health-sweep");
        const online = await Promise.all(ids.map(async (id) => (await world.statusOf(id)) === "online"));
        const counts = await Promise.all(ids.map(async (id) => (await world.containersOf(id)).length));
        return online.every(Boolean) && counts.every((count) => count === 1);
      },
      { timeoutMs: 120_000, intervalMs: 500, what: "every workspace is online" },
    );
  }
  /** Each test is the first loss of its workspaces: later ones in a row wait. */
  const forgetRestarts = () => world.client.query("update workspace_sweeps set restarts = 0");

  it("idle: nothing is concluded while it is away, and workspaces come back, also one that had not registered", async () => {
    const quiet = await make("Quiet", { QUIET_ONCE: "yes" });
    await eventually(async () => (await world.containersOf(quiet)).length === 1, { timeoutMs: 60_000 });
    await eventually(async () => {
      const row = await world.client.query("select handle from workspaces where id = $1 and handle <> ''", [
        quiet,
      ]);
      return row.rowCount === 1;
    });
    await engine.kill();
    expect((await world.sweep("health-sweep")).detail).to.contain("nothing is known of the engine");
    expect(await world.statusOf(live)).to.equal("online");
    expect(await world.statusOf(quiet)).to.equal("provisioning");
    const before = await deadlineOf(quiet);
    await engine.start();
    await untilOnline(live, quiet);
    expect(await eventTypes(world.host, quiet)).to.deep.equal([
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ONLINE",
    ]);
    expect(await deadlineOf(quiet), "its deadline does not move").to.equal(before);
    await world.host.api("DELETE", `/workspaces/${quiet}`);
  });

  for (const [phase, path] of [
    ["its volumes are made", VOLUME_CREATE],
    ["its container is created", CREATE],
    ["its container is started", START],
  ] as const) {
    it(`while a workspace is provisioned, as ${phase}: the provision goes on by itself`, async () => {
      await forgetRestarts();
      world.proxy.fail("POST", path, { kind: "hang" });
      const id = await make("Cut");
      await eventually(() => world.proxy.count("POST", path) > 0, { timeoutMs: 60_000, intervalMs: 5 });
      await engine.kill();
      world.proxy.dropConnections();
      await eventually(async () => (await find(world.host, id))?.last_sample_error.includes("engine"), {
        timeoutMs: 60_000,
        what: "the provision is postponed",
      });
      expect(await world.statusOf(id)).to.equal("provisioning");
      const before = await deadlineOf(id);
      await world.sweep("workspace-recovery");
      expect(await eventTypes(world.host, id)).to.deep.equal(["WORKSPACE_PROVISIONING"]);
      world.proxy.heal();
      await engine.start();
      await untilOnline(id, live);
      expect(await deadlineOf(id), "its deadline does not move").to.equal(before);
      expect((await find(world.host, id))?.last_sample_error).to.equal("");
      await world.host.api("DELETE", `/workspaces/${id}`);
    });
  }

  for (const [phase, method, path] of [
    ["its container is stopped", "POST", STOP],
    ["its container is removed", "DELETE", REMOVE],
  ] as const) {
    it(`while a workspace is deleted, as ${phase}: nothing of it is left`, async () => {
      await forgetRestarts();
      const id = await make("Doomed");
      await untilStatus(world.host, id, "online");
      world.proxy.fail(method, path, { kind: "hang" });
      const deletion = world.host.api("DELETE", `/workspaces/${id}`);
      await eventually(() => world.proxy.count(method, path) > 0, { timeoutMs: 60_000, intervalMs: 5 });
      await engine.kill();
      world.proxy.dropConnections();
      expect((await deletion).status).to.equal(500);
      expect(await world.statusOf(id)).to.equal("removed");
      world.proxy.heal();
      await engine.start();
      await world.sweep("workspace-recovery");
      await world.reap();
      expect(await world.isGone(id)).to.equal(true);
      await untilOnline(live);
    });
  }

  async function deadlineOf(id: string): Promise<string | undefined> {
    const found = await world.client.query<{ began: string }>(
      "select provisioning_started_at::text as began from workspaces where id = $1",
      [id],
    );
    return found.rows[0]?.began;
  }
});
