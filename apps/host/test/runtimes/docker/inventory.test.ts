import { randomUUID } from "node:crypto";
import type { EngineContainer, EngineVolume } from "@molecule/core";
import { CONTAINER_LIST, EngineProxy, refusal, VOLUME_LIST } from "@molecule/test/support/engine-faults.js";
import { expect } from "chai";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { DockerWorld } from "./world.js";

describe("docker inventory", () => {
  let world: DockerWorld;
  before(async function () {
    world = await DockerWorld.open(this);
  });
  afterEach(() => world.removeRemains());
  after(() => world.cleanUp());

  async function known({ inventory } = world.runtime) {
    const containers = await inventory.listContainers(patientCall());
    const volumes = await inventory.listVolumes(patientCall());
    if (containers.state === "unknown") throw new Error(containers.reason);
    if (volumes.state === "unknown") throw new Error(volumes.reason);
    return { containers: containers.objects, volumes: volumes.objects };
  }
  const byId = <T extends EngineContainer | EngineVolume>(objects: readonly T[], workspaceId: string) =>
    objects.filter((each) => each.workspaceId === workspaceId);

  it("lists containers and volumes with whose they are, their workspace, attempt, age and port", async () => {
    const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED);
    const launched = await launchReady(world.runtime, made);
    const { containers, volumes } = await known();
    const [container] = byId(containers, made.workspaceId);
    expect(container).to.include({
      id: launched.handle,
      owner: "ours",
      attempt: made.attempt,
      runtime: "probe",
      state: "running",
      url: launched.url,
    });
    const engineNow = await world.runtime.inventory.now(patientCall());
    expect(engineNow - (container?.createdAt ?? 0)).to.be.within(-2_000, 120_000);
    const own = byId(volumes, made.workspaceId);
    expect(own.map(({ owner }) => owner)).to.deep.equal(["ours", "ours"]);
    for (const { createdAt } of own) expect(engineNow - (createdAt ?? 0)).to.be.within(-2_000, 120_000);
  });

  it("tells another installation's objects and those without labels apart, and removes neither", async () => {
    const other = world.installation();
    const made = probeSpec(other, world.template, UNTIL_STOPPED);
    await launchReady(other, made);
    const plain = await world.docker.createContainer({
      Image: world.engine.busybox,
      Labels: { ...world.engine.labels },
    });
    try {
      const { containers, volumes } = await known();
      const [container] = byId(containers, made.workspaceId);
      const [volume] = byId(volumes, made.workspaceId);
      if (container === undefined || volume === undefined) throw new Error("they are there");
      expect([container.owner, volume.owner]).to.deep.equal(["foreign", "foreign"]);
      expect(containers.find(({ id }) => id === plain.id)).to.include({
        owner: "unlabelled",
        workspaceId: null,
      });
      const { inventory } = world.runtime;
      const refused = [
        await failureOf(inventory.removeContainer(container, patientCall())),
        await failureOf(inventory.removeVolume(volume, patientCall())),
      ];
      expect(refused.map(({ code }) => code)).to.deep.equal(["OBJECT_NOT_OURS", "OBJECT_NOT_OURS"]);
      expect(await world.containersOf(made.workspaceId)).to.have.length(1);
    } finally {
      await plain.remove();
    }
  });

  it("removes exactly what it is given, twice without harm", async () => {
    const kept = probeSpec(world.runtime, world.template, UNTIL_STOPPED);
    const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED, { workspaceId: randomUUID() });
    await launchReady(world.runtime, kept);
    await launchReady(world.runtime, made);
    const { containers, volumes } = await known();
    const { inventory } = world.runtime;
    for (let pass = 0; pass < 2; pass += 1) {
      for (const each of byId(containers, made.workspaceId))
        await inventory.removeContainer(each, patientCall());
      for (const each of byId(volumes, made.workspaceId)) await inventory.removeVolume(each, patientCall());
    }
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
    expect(await world.volumesOf(made.workspaceId)).to.deep.equal([]);
    expect(await world.containersOf(kept.workspaceId)).to.have.length(1);
  });

  it("makes one call of the engine for a list, and knows nothing of a kind when its list fails", async function () {
    const proxy = await EngineProxy.start(this, world.engine);
    const runtime = world.installation({ dockerHost: proxy.url });
    await known(runtime);
    proxy.heal();
    await known(runtime);
    expect(proxy.seen.map(({ path }) => path)).to.have.members(["/containers/json", "/volumes"]);
    const { inventory } = runtime;
    for (const [path, containers, volumes] of [
      [CONTAINER_LIST, "unknown", "known"],
      [VOLUME_LIST, "known", "unknown"],
    ] as const) {
      proxy.fail("GET", path, refusal(500, "it is on fire"));
      expect(await inventory.listContainers(patientCall())).to.have.property("state", containers);
      expect(await inventory.listVolumes(patientCall())).to.have.property("state", volumes);
    }
    await proxy.close();
  });
});
