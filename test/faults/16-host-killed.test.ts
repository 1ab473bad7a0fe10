import { expect } from "chai";
import { create, untilStatus } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { FaultWorld } from "./world.js";

const CONTAINER = /^\/containers\/[0-9a-f]{64}$/;

/** Where a provision stands when it waits for the engine's answer to this. */
const PROVISION_PHASES = [
  ["its volumes are made", "POST", /^\/volumes\/create$/],
  ["its container is created", "POST", /^\/containers\/create$/],
  ["its files are put in", "PUT", /\/archive$/],
  ["it is started", "POST", /\/start$/],
] as const;

/** Likewise for a delete. */
const DELETE_PHASES = [
  ["its container is stopped", "POST", /\/stop$/],
  ["its container is removed", "DELETE", CONTAINER],
  ["its volumes are removed", "DELETE", /^\/volumes\/[^/]+$/],
] as const;

/** Before the engine hears of it, and after it has done it. */
const CUTS = [
  ["before", "hang"],
  ["after", "hold"],
] as const;
type Cut = (typeof CUTS)[number][1];

describe("fault 16: a host that is killed", function () {
  this.timeout(240_000);
  let world: FaultWorld;
  before(async function () {
    world = await FaultWorld.open(this);
  });
  afterEach(() => world.check());
  after(() => world.close());

  const cut = (kind: Cut, method: string, path: RegExp) =>
    world.proxy.fail(
      method,
      path,
      kind === "hang" ? { kind } : { kind, until: new Promise<void>(() => undefined) },
    );
  const untilThere = (kind: Cut, method: string, path: RegExp) =>
    eventually(
      () => (kind === "hang" ? world.proxy.count(method, path) : world.proxy.countAnswered(method, path)) > 0,
      { timeoutMs: 30_000, intervalMs: 5, what: `${method} ${path.source}` },
    );

  for (const [phase, method, path] of PROVISION_PHASES) {
    for (const [when, kind] of CUTS) {
      it(`while a workspace is provisioned, ${when} ${phase}: it comes online, in one container`, async () => {
        cut(kind, method, path);
        const id = await create(world.host, { name: "Cut short", runtime: "probe", tier: 2 });
        await untilThere(kind, method, path);
        await world.host.kill();
        world.proxy.dropConnections();
        world.proxy.heal();
        await world.startHost();
        await untilStatus(world.host, id, "online");
        await world.reap();
        expect(await world.containersOf(id)).to.have.length(1);
        await world.check({ accepted: [id] });
        expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
      });
    }
  }

  for (const [phase, method, path] of DELETE_PHASES) {
    for (const [when, kind] of CUTS) {
      it(`while a workspace is deleted, ${when} ${phase}: it is removed, and nothing is left`, async () => {
        const id = await create(world.host, { name: "Half gone", runtime: "probe", tier: 2 });
        await untilStatus(world.host, id, "online");
        world.proxy.heal();
        cut(kind, method, path);
        const deletion = world.host.api("DELETE", `/workspaces/${id}`).catch(() => undefined);
        await untilThere(kind, method, path);
        await world.host.kill();
        await deletion;
        world.proxy.dropConnections();
        world.proxy.heal();
        await world.startHost();
        expect(await world.statusOf(id)).to.equal("removed");
        for (let pass = 0; pass < 2; pass += 1) await world.reap();
        expect(await world.isGone(id)).to.equal(true);
      });
    }
  }
});
