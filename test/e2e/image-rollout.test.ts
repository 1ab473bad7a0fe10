import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "../faults/invariants.js";
import { rolloutTimeline } from "./rollout-timeline.js";

const GATE_SECONDS = 15;

describe("images rolled out to ten workspaces on a real engine", () => {
  let fleet: RolloutFleet;
  let ids: string[];

  before(async function () {
    this.timeout(300_000);
    fleet = await RolloutFleet.start(this, {
      env: { ROLLOUT_GATE_SECONDS: String(GATE_SECONDS), ROLLOUT_MAX_UNAVAILABLE: "2" },
    });
    ids = await fleet.create(10);
  });

  after(async () => {
    process.stdout.write(`\n${await rolloutTimeline(fleet)}\n`);
    await fleet.end();
  });

  const drained = async () => (await fleet.events()).filter(({ type }) => type === "WORKSPACE_DRAINING");

  it("brings all ten to a new image: one canary, then one, then the rest, with an event for each", async function () {
    this.timeout(300_000);
    const image = await fleet.build("good");
    expect(await fleet.ended(await fleet.rollOut(image), 240_000)).to.include({ status: "completed" });
    expect((await fleet.workspaces()).map(({ image_id }) => image_id)).to.deep.equal(ids.map(() => image));

    const events = await fleet.events();
    const at = (type: string) => events.flatMap((event, index) => (event.type === type ? [index] : []));
    const replaced = at("WORKSPACE_IMAGE_REPLACED");
    const begun = at("WORKSPACE_DRAINING");
    expect(replaced).to.have.length(10);
    expect(begun).to.have.length(10);
    // The canary, which is the tenth of ten as well, is through before the next one is told to drain.
    expect(begun[1]).to.be.above(replaced[0] ?? Infinity);
    expect(at("IMAGE_ROLLOUT_FINISHED")).to.deep.equal([events.length - 1]);
    await settled();
  });

  for (const { image, what, withinMs } of [
    { image: "exits", what: "exits", withinMs: 25_000 },
    { image: "silent", what: "never registers", withinMs: GATE_SECONDS * 1000 + 30_000 },
  ] as const) {
    it(`tries an image that ${what} on one workspace, goes back, keeps it back and never touches the other nine`, async function () {
      this.timeout(300_000);
      const before = await fleet.workspaces();
      const count = (await drained()).length;
      const bad = await fleet.build(image);
      const started = performance.now();
      const ended = await fleet.ended(await fleet.rollOut(bad), 120_000);
      expect(performance.now() - started).to.be.below(withinMs);
      expect(ended.status).to.equal("quarantined");
      await settled();
      expect(await drained()).to.have.length(count + 1);
      const same = ({ id, attempt, image_id }: (typeof before)[number]) => ({ id, attempt, image_id });
      expect((await fleet.workspaces()).map(same)).to.deep.equal(before.map(same));
      await checkInvariants(
        { docker: fleet.engine.docker, databaseUrl: fleet.databaseUrl, hosts: [fleet.host] },
        { accepted: ids },
      );
    });
  }

  for (const { image, verdict } of [
    { image: "good", verdict: "completed" },
    { image: "exits", verdict: "quarantined" },
  ] as const) {
    it(`ends in the right state when the host is killed in the middle of a rollout that is ${verdict}`, async function () {
      this.timeout(300_000);
      const before = await fleet.workspaces();
      await fleet.client.query("delete from image_quarantine");
      const target = await fleet.build(image);
      const count = (await drained()).length;
      const rollout = await fleet.rollOut(target);
      await eventually(async () => (await drained()).length >= count + (image === "good" ? 3 : 1), {
        what: "the rollout is in its middle",
        timeoutMs: 60_000,
      });
      await fleet.host.kill();
      await fleet.boot();
      expect(await fleet.ended(rollout, 240_000)).to.include({ status: verdict });
      await settled();
      const expected = image === "good" ? ids.map(() => target) : before.map(({ image_id }) => image_id);
      expect((await fleet.workspaces()).map(({ image_id }) => image_id)).to.deep.equal(expected);
      await checkInvariants({
        docker: fleet.engine.docker,
        databaseUrl: fleet.databaseUrl,
        hosts: [fleet.host],
      });
    });
  }

  it("starts a new workspace with the last good image while a bad one is kept back, and tells how to lift it", async function () {
    this.timeout(120_000);
    const [good] = await fleet.workspaces();
    // What a refresh leaves: the template's reference is the bad image now.
    const bad = await fleet.build("exits");
    await fleet.pointReferenceAt(bad);
    expect((await fleet.ended(await fleet.rollOut(bad))).status).to.equal("quarantined");
    await settled();
    ids.push(...(await fleet.create(1)));
    const [youngest] = (await fleet.workspaces()).slice(-1);
    expect(youngest).to.include({ status: "online", image_id: good?.image_id });

    const path = `/admin/workspace-images/quarantine/${bad}`;
    const listed = await fleet.host.api("GET", "/admin/workspace-images/quarantine");
    expect(listed.text).to.contain(bad).and.contain("its container ended");
    expect((await fleet.host.api("DELETE", path)).text).to.contain('"status":"lifted"');
    expect((await fleet.host.api("DELETE", path)).status).to.equal(404);
  });

  async function settled(): Promise<void> {
    await eventually(async () => (await fleet.workspaces()).every(({ status }) => status === "online"), {
      what: "all workspaces are online",
      timeoutMs: 90_000,
    });
  }
});
