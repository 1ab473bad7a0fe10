import { expect } from "chai";
import { create, untilStatus } from "../e2e/workspace-api.js";
import { writeFileIn } from "../support/container-files.js";
import { refusal } from "../support/engine-faults.js";
import { eventually } from "../support/eventually.js";
import { engineObjects } from "./invariants.js";
import { FaultWorld } from "./world.js";

const IMAGE = /^\/images\/.+\/json$/;
const PULL = /^\/images\/create$/;
const CREATE = /^\/containers\/create$/;
const START = /\/start$/;
const STOP = /\/stop$/;
const CONTAINER = /^\/containers\/[0-9a-f]{64}$/;

/**
 * At which request to the engine the host is killed: before the engine hears of it, or when it has done it and the host
 * does not know yet. Before one request is the same as after the one before it.
 */
type Phase = readonly [what: string, when: "before" | "after", method: string, path: RegExp];

const PROVISION_PHASES: readonly Phase[] = [
  ["its image is looked at", "before", "GET", IMAGE],
  ["its volumes are made", "after", "POST", /^\/volumes\/create$/],
  ["its container is created", "after", "POST", CREATE],
  ["its files are put in", "after", "PUT", /\/archive$/],
  ["it is started", "after", "POST", START],
];

const RESTART_PHASES: readonly Phase[] = [
  ["its container is stopped", "before", "POST", STOP],
  ["its container is stopped", "after", "POST", STOP],
  ["its container is removed", "after", "DELETE", CONTAINER],
  ["the next one is created", "after", "POST", CREATE],
  ["the next one is started", "after", "POST", START],
];

const DELETE_PHASES: readonly Phase[] = [
  ["its container is stopped", "before", "POST", STOP],
  ["its container is stopped", "after", "POST", STOP],
  ["its container is removed", "after", "DELETE", CONTAINER],
  ["its volumes are removed", "after", "DELETE", /^\/volumes\/[^/]+$/],
];

describe("fault 16: a host that is killed", function () {
  this.timeout(240_000);
  let world: FaultWorld;
  let live: string;
  let bystanders: string[];
  before(async function () {
    world = await FaultWorld.open(this);
    live = await provision("Bystander");
    await untilStatus(world.host, live, "online");
    await world.mark(live);
    bystanders = await engineObjects(world.engine.docker, [live]);
  });
  afterEach(async () => {
    await world.check({ accepted: [live], untouched: bystanders });
    expect(await world.statusOf(live)).to.equal("online");
  });
  after(() => world.close());

  const provision = (name: string, secrets: Readonly<Record<string, string>> = {}) =>
    create(world.host, { name, runtime: "probe", tier: 2, secrets });

  /** Does something that gets stuck in the phase, and kills the host there. Another one runs then. */
  async function killedAt([, when, method, path]: Phase, act: () => Promise<void>): Promise<void> {
    const never = new Promise<void>(() => undefined);
    world.proxy.fail(method, path, when === "before" ? { kind: "hang" } : { kind: "hold", until: never });
    await act();
    await eventually(
      () =>
        (when === "before" ? world.proxy.count(method, path) : world.proxy.countAnswered(method, path)) > 0,
      { timeoutMs: 30_000, intervalMs: 5, what: `${method} ${path.source}` },
    );
    await killed();
  }
  async function killed(): Promise<void> {
    await world.host.kill();
    world.proxy.dropConnections();
    world.proxy.heal();
    await world.startHost();
  }
  /** Nothing is left for the sweep then. */
  async function onlineInOneContainer(id: string): Promise<string> {
    await untilStatus(world.host, id, "online");
    const [container = "", ...others] = await world.containersOf(id);
    expect(others).to.deep.equal([]);
    expect(await world.reap()).not.to.contain("removed");
    await world.check({ accepted: [id] });
    return container;
  }
  const remove = async (id: string) =>
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);

  for (const phase of PROVISION_PHASES) {
    it(`while a workspace is provisioned, ${phase[1]} ${phase[0]}: it comes online, in one container`, async () => {
      let id = "";
      await killedAt(phase, async () => {
        id = await provision("Cut short");
      });
      await onlineInOneContainer(id);
      await remove(id);
    });
  }

  it("while a workspace's image is pulled: it comes online, in one container", async () => {
    world.proxy.heal();
    world.proxy.fault = ({ method, path }) => {
      if (method === "GET" && IMAGE.test(path)) return refusal(404, "no such image");
      return method === "POST" && PULL.test(path) ? { kind: "hang" } : undefined;
    };
    const id = await provision("Not pulled");
    await eventually(() => world.proxy.count("POST", PULL) > 0, { what: "a pull" });
    await killed();
    await onlineInOneContainer(id);
    await remove(id);
  });

  it("while a workspace is launched and has not registered: it comes online, in the container that it has", async () => {
    const id = await provision("Silent", { WAIT_FOR_WORD: "yes" });
    await eventually(
      async () =>
        (await world.client.query("select 1 from workspaces where id = $1 and handle is not null", [id]))
          .rowCount === 1,
      { what: "it is launched" },
    );
    const [container = ""] = await world.containersOf(id);
    await killed();
    await world.sweep("workspace-recovery");
    expect(await world.statusOf(id)).to.equal("provisioning");
    const word = { folder: "/workspace", name: "word" };
    await writeFileIn(world.engine.docker.getContainer(container), word, "go");
    expect(await onlineInOneContainer(id)).to.equal(container);
    await remove(id);
  });

  for (const phase of RESTART_PHASES) {
    it(`while a workspace is restarted, ${phase[1]} ${phase[0]}: it comes online, in one container, with its volumes`, async () => {
      const id = await provision("Again");
      await untilStatus(world.host, id, "online");
      await world.mark(id);
      const [old = ""] = await world.containersOf(id);
      await killedAt(phase, async () => {
        expect((await world.host.api("POST", `/workspaces/${id}/restart`, {})).status).to.equal(200);
      });
      expect(await onlineInOneContainer(id)).not.to.equal(old);
      await remove(id);
    });
  }

  for (const phase of DELETE_PHASES) {
    it(`while a workspace is deleted, ${phase[1]} ${phase[0]}: it is removed, and nothing is left`, async () => {
      const id = await provision("Half gone");
      await untilStatus(world.host, id, "online");
      let deletion: Promise<unknown> | undefined;
      await killedAt(phase, () => {
        deletion = world.host.api("DELETE", `/workspaces/${id}`).catch(() => undefined);
        return Promise.resolve();
      });
      await deletion;
      expect(await world.statusOf(id)).to.equal("removed");
      for (let pass = 0; pass < 2; pass += 1) await world.reap();
      expect(await world.isGone(id)).to.equal(true);
    });
  }
});
