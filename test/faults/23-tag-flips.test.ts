import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "./invariants.js";

describe("fault 23: a tag flips A→B→A during a rollout", () => {
  let fleet: RolloutFleet;

  before(async function () {
    fleet = await RolloutFleet.start(this, { env: { ROLLOUT_MAX_UNAVAILABLE: "1" } });
  });

  after(() => fleet.end());

  it("ends the first rollout after the swap it is at, brings all back to A, and then does nothing more", async function () {
    this.timeout(240_000);
    const ids = await fleet.create(3);
    const a = await fleet.images.first();
    const b = await fleet.images.build("good");
    const toB = await fleet.rollOut(b);
    await eventually(async () => (await fleet.events()).some(({ type }) => type === "WORKSPACE_DRAINING"), {
      what: "the first swap has begun",
      timeoutMs: 30_000,
    });
    // As the image service says that another digest was asked for.
    await fleet.supersede(toB);
    expect((await fleet.ended(toB)).status).to.equal("superseded");
    expect((await fleet.workspaces()).filter(({ image_id }) => image_id === b)).to.have.length(1);

    expect((await fleet.ended(await fleet.rollOut(a))).status).to.equal("completed");
    const settled = await fleet.workspaces();
    expect(settled.map(({ image_id }) => image_id)).to.deep.equal(ids.map(() => a));
    // One way to B and back: nobody else was touched.
    expect(settled.map(({ attempt }) => attempt).sort()).to.deep.equal([1, 1, 3]);
    await fleet.host.api("POST", "/admin/loops/image-rollouts", { action: "run" });
    expect((await fleet.workspaces()).map(({ attempt }) => attempt)).to.deep.equal(
      settled.map(({ attempt }) => attempt),
    );
    await checkInvariants({
      docker: fleet.engine.docker,
      databaseUrl: fleet.databaseUrl,
      hosts: [fleet.host],
    });
  });
});
