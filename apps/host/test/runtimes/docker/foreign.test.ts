import { expect } from "chai";
import { failureOf, launchReady, patientCall, probeSpec, UNTIL_STOPPED } from "../probe.js";
import { DockerWorld } from "./world.js";

describe("docker runtime: what belongs to others", () => {
  let world: DockerWorld;
  before(async function () {
    world = await DockerWorld.open(this);
    await world.runtime.baseEnvironment(world.template, patientCall());
  });
  afterEach(() => world.removeRemains());
  after(() => world.cleanUp());

  const foreignLabels = (workspaceId: string, instance: string): Record<string, string> => ({
    ...world.engine.labels,
    "molecule.platform.managed": "true",
    "molecule.platform.instance": instance,
    "molecule.workspace.id": workspaceId,
    "molecule.workspace.attempt": "1",
  });

  for (const [whose, labels] of [
    ["a user's own", () => world.engine.labels],
    ["another installation's", (id: string) => foreignLabels(id, "00000000-0000-4000-8000-000000000000")],
  ] as const) {
    it(`leaves ${whose} container alone that has a workspace's name, and says so`, async () => {
      const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED);
      const name = `ws-${made.workspaceId.slice(0, 12)}`;
      const container = await world.docker.createContainer({
        name,
        Image: world.engine.busybox,
        Cmd: ["sleep", "1000"],
        Labels: labels(made.workspaceId),
      });
      try {
        await container.start();
        const error = await failureOf(world.runtime.launch(made, patientCall()));
        expect(error.code).to.equal("CONTAINER_NAME_TAKEN");
        expect(error.message).to.contain(name).and.to.contain(made.workspaceId);
        expect(await world.runtime.observe(made.workspaceId, patientCall())).to.deep.equal({
          state: "absent",
        });
        await world.runtime.stop(made.workspaceId, patientCall());
        expect(await world.runtime.logs(made.workspaceId, 10, patientCall())).to.equal(null);
        expect((await container.inspect()).State.Running).to.equal(true);
      } finally {
        await container.remove({ force: true });
      }
    });

    it(`leaves ${whose} volume alone that has the name of a workspace's, and says so`, async () => {
      const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED);
      const name = `ws-${made.workspaceId.slice(0, 12)}-configs`;
      const volume = await world.docker.createVolume({ Name: name, Labels: labels(made.workspaceId) });
      try {
        const error = await failureOf(world.runtime.launch(made, patientCall()));
        expect(error.code).to.equal("VOLUME_NAME_TAKEN");
        expect(error.message).to.contain(name).and.to.contain(made.workspaceId);
        await world.runtime.removeVolumes(made.workspaceId, patientCall());
        expect((await volume.inspect()).Labels).to.deep.equal(labels(made.workspaceId));
        expect(await world.containersOf(made.workspaceId)).to.deep.equal([]);
      } finally {
        await volume.remove();
      }
    });
  }

  it("removes no container of another installation that carries the same workspace's id", async () => {
    const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED);
    const { handle } = await launchReady(world.runtime, made);
    const other = world.installation();
    await other.stop(made.workspaceId, patientCall());
    await other.removeVolumes(made.workspaceId, patientCall());
    expect(await world.containersOf(made.workspaceId)).to.deep.equal([handle]);
    expect(await world.volumesOf(made.workspaceId)).to.have.length(2);
  });

  it("keeps a volume that somebody's own container uses, and names it", async () => {
    const made = probeSpec(world.runtime, world.template, UNTIL_STOPPED);
    await launchReady(world.runtime, made);
    await world.runtime.stop(made.workspaceId, patientCall());
    const [configs = "", workspace = ""] = await world.volumesOf(made.workspaceId);
    const user = await world.docker.createContainer({
      Image: world.engine.busybox,
      Labels: world.engine.labels,
      HostConfig: { Binds: [`${configs}:/stolen`] },
    });
    try {
      const error = await failureOf(world.runtime.removeVolumes(made.workspaceId, patientCall()));
      expect(error.code).to.equal("VOLUME_IN_USE");
      expect(error.message).to.contain(configs).and.not.to.contain(workspace);
      expect(await world.volumesOf(made.workspaceId)).to.deep.equal([configs]);
    } finally {
      await user.remove({ force: true });
    }
    await world.runtime.removeVolumes(made.workspaceId, patientCall());
    expect(await world.volumesOf(made.workspaceId)).to.deep.equal([]);
  });
});
