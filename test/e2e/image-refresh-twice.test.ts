import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "../faults/invariants.js";

describe("a refresh while another one runs", () => {
  let fleet: RolloutFleet;
  let ids: string[];
  before(async function () {
    this.timeout(300_000);
    // Each swap takes at least as long as the soak: a second refresh finds the first under way on a busy machine too.
    const env = { ROLLOUT_MAX_UNAVAILABLE: "1", ROLLOUT_SOAK_SECONDS: "3" };
    fleet = await RolloutFleet.start(this, { registry: true, env });
    ids = await fleet.create(3);
  });
  after(() => fleet.end());

  it("joins the rollout of the same image, and answers the same", async function () {
    this.timeout(240_000);
    const { imageId } = await fleet.images.push("good");
    const first = fleet.refresh();
    await swapBegins(1);
    const answers = await Promise.all([first, fleet.refresh()]);
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
    expect(answers[1].body).to.deep.equal(answers[0].body);
    expect(answers[0].body).to.deep.include({ failed: [], rolled_back: [], errors: {} });
    expect(await images()).to.deep.equal(ids.map(() => imageId));
    expect((await events("IMAGE_ROLLOUT_STARTED")).length).to.equal(1);
    expect((await events("WORKSPACE_DRAINING")).length).to.equal(3);
  });

  it("takes the place of the rollout of another image, which ends after the swap it is at", async function () {
    this.timeout(240_000);
    await fleet.images.push("good");
    const { imageId, release } = await fleet.images.prepare("good");
    const first = fleet.refresh();
    await swapBegins(4);
    await release();
    const second = await fleet.refresh();
    expect(second.body).to.deep.include({ pulled: ["demo"], failed: [], rolled_back: [], errors: {} });
    expect(await images()).to.deep.equal(ids.map(() => imageId));
    const told = await first;
    expect(told.body).to.deep.include({ pulled: ["demo"], failed: [], rolled_back: [] });
    expect(told.text).to.contain("superseded: another digest was asked for while it ran");
    const verdicts = (await fleet.events())
      .filter(({ type }) => type === "IMAGE_ROLLOUT_FINISHED")
      .map(({ payload }) => payload);
    expect(JSON.stringify(verdicts.slice(-2))).to.match(/superseded.*completed/);
    await eventually(async () => (await fleet.workspaces()).every(({ status }) => status === "online"), {
      timeoutMs: 60_000,
    });
    await checkInvariants({
      docker: fleet.engine.docker,
      databaseUrl: fleet.databaseUrl,
      hosts: [fleet.host],
    });
  });

  async function events(type: string) {
    return (await fleet.events()).filter((each) => each.type === type);
  }

  async function swapBegins(count: number): Promise<void> {
    await eventually(async () => (await events("WORKSPACE_DRAINING")).length >= count, {
      what: "a swap has begun",
      timeoutMs: 60_000,
    });
  }

  async function images(): Promise<(string | null)[]> {
    return (await fleet.workspaces()).map(({ image_id }) => image_id);
  }
});
