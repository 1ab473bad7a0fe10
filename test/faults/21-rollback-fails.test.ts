import { expect } from "chai";
import { EngineProxy, refusal } from "../support/engine-faults.js";
import { useEngine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants, engineObjects } from "./invariants.js";

describe("fault 21: the new image fails, and the old container can't be started again", () => {
  let proxy: EngineProxy;
  let fleet: RolloutFleet;

  before(async function () {
    proxy = await EngineProxy.start(this, await useEngine(this));
    fleet = await RolloutFleet.start(this, { env: { DOCKER_HOST: proxy.url } });
  });

  after(async () => {
    await fleet.end();
    await proxy.close();
  });

  it("keeps both containers and all volumes, and says in status and event what to do", async function () {
    this.timeout(240_000);
    const [id = "", other = ""] = await fleet.create(2);
    const [, olderFirst] = await Promise.all([fleet.containers(other), fleet.containers(id)]);
    const [old] = olderFirst;
    const bystander = await engineObjects(fleet.engine.docker, [other]);
    proxy.fail(
      "POST",
      new RegExp(`/containers/${old?.Id ?? ""}/start`),
      refusal(500, "no space left on device"),
    );
    const ended = await fleet.ended(await fleet.rollOut(await fleet.images.build("exits")));
    expect(ended.status).to.equal("quarantined");

    const stuck = (await fleet.workspaces()).find((each) => each.id === id);
    expect(stuck?.status).to.equal("failed");
    expect(stuck?.last_sample_error)
      .to.contain("its container ended")
      .and.contain("no space left on device")
      .and.contain("then restart the workspace");
    const told = (await fleet.events(id)).find(({ type }) => type === "WORKSPACE_PROVISION_FAILED");
    expect(told?.payload).to.include({ error: stuck?.last_sample_error, source: "rollout" });
    const containers = await fleet.containers(id);
    expect(containers.map(({ Id }) => Id))
      .to.have.length(2)
      .and.to.include(old?.Id);

    // Neither the recovery of the host nor that of rollouts takes anything away, also after a restart.
    proxy.heal();
    await fleet.host.stop();
    await fleet.boot();
    for (const loop of ["image-rollouts", "workspace-recovery"]) {
      await eventually(
        async () => (await fleet.host.api("POST", `/admin/loops/${loop}`, { action: "run" })).status === 200,
        { what: `a tick of ${loop}` },
      );
    }
    expect((await fleet.containers(id)).map(({ Id }) => Id)).to.deep.equal(containers.map(({ Id }) => Id));
    await checkInvariants(
      { docker: fleet.engine.docker, databaseUrl: fleet.databaseUrl, hosts: [fleet.host] },
      { untouched: bystander, accepted: [id, other] },
    );
  });
});
