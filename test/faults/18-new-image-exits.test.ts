import { expect } from "chai";
import { BACK_WITHIN_MS, ContainerTimes } from "../support/container-times.js";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "./invariants.js";

describe("fault 18: the new image exits at start", () => {
  let fleet: RolloutFleet;

  before(async function () {
    fleet = await RolloutFleet.start(this);
  });

  after(() => fleet.end());

  it("runs the old one again soon, keeps the digest back with one event and leaves the others alone", async function () {
    this.timeout(240_000);
    const ids = await fleet.create(3);
    const before = await Promise.all(ids.map((id) => fleet.containers(id)));
    const image = await fleet.images.build("exits");
    const startedAt = Math.floor(Date.now() / 1000);
    const rollout = await fleet.rollOut(image);
    const tried = await eventually(
      async () => {
        const drained = (await fleet.events()).find(({ type }) => type === "WORKSPACE_DRAINING");
        return drained?.workspace ?? undefined;
      },
      { what: "one workspace is drained", timeoutMs: 30_000 },
    );
    const ended = await fleet.ended(rollout);
    const times = await ContainerTimes.read(fleet.engine.docker, tried, startedAt);
    expect(times.of("start", 1) - times.of("die", 2)).to.be.within(0, BACK_WITHIN_MS);
    expect(ended.status).to.equal("quarantined");
    expect(ended.error).to.contain("its container ended");

    const kept = (await fleet.events()).filter(({ type }) => type === "IMAGE_QUARANTINED");
    expect(kept.map(({ payload }) => payload)).to.have.length(1);
    expect(kept[0]?.payload).to.include({ runtime: "demo", digest: image, workspace_id: tried });
    await eventually(async () => (await fleet.workspaces()).every(({ status }) => status === "online"), {
      what: "all are online again",
      timeoutMs: 60_000,
    });
    for (const [index, id] of ids.entries()) {
      const [now] = await fleet.containers(id);
      expect(now?.Id).to.equal(before[index]?.[0]?.Id);
    }
    expect((await fleet.events(tried)).map(({ type }) => type)).to.deep.equal([
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ONLINE",
      "WORKSPACE_DRAINING",
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ROLLED_BACK",
      "WORKSPACE_ONLINE",
    ]);
    const env = await fleet.host.api("GET", `/workspaces/${tried}/env`);
    expect(env.body).to.deep.include({ workspace_id: tried, attempt: 1 });
    for (const id of ids.filter((each) => each !== tried)) {
      expect(await fleet.events(id)).to.have.length(2);
    }
    await checkInvariants({
      docker: fleet.engine.docker,
      databaseUrl: fleet.databaseUrl,
      hosts: [fleet.host],
    });
  });
});
