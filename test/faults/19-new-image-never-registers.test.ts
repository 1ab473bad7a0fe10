import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants, engineObjects } from "./invariants.js";

const withoutTime = (object: string): string => object.split(" ").slice(0, 2).join(" ");

describe("faults 19 and 20: the new image fails while its container runs", () => {
  let fleet: RolloutFleet;
  let ids: string[];

  before(async function () {
    fleet = await RolloutFleet.start(this, {
      env: { ROLLOUT_GATE_SECONDS: "15", ROLLOUT_SOAK_SECONDS: "4" },
    });
    ids = await fleet.create(2);
  });

  after(() => fleet.end());

  const cases = [
    { fault: 19, image: "silent", what: "never registers", reason: "within 15 s" },
    {
      fault: 20,
      image: "diesInSoak",
      what: "registers and dies within the soak",
      reason: "its container ended",
    },
  ] as const;
  for (const { fault, image, what, reason } of cases) {
    it(`goes back to the old container when the new one ${what} (fault ${fault}); volumes and others are untouched`, async function () {
      this.timeout(240_000);
      const objects = await engineObjects(fleet.engine.docker, ids);
      // A volume's time is that of its last file: the token of the rollback is one.
      const untouched = objects.filter((each) => each.startsWith("container"));
      const attempts = (await fleet.workspaces()).map(({ attempt }) => attempt);
      const rollout = await fleet.rollOut(await fleet.images.build(image));
      const ended = await fleet.ended(rollout);
      expect(ended).to.deep.include({ status: "quarantined" });
      expect(ended.error).to.contain(reason);
      await eventually(async () => (await fleet.workspaces()).every(({ status }) => status === "online"), {
        what: "the old agent is back",
        timeoutMs: 60_000,
      });
      expect((await fleet.workspaces()).map(({ attempt }) => attempt)).to.deep.equal(attempts);
      await checkInvariants(
        { docker: fleet.engine.docker, databaseUrl: fleet.databaseUrl, hosts: [fleet.host] },
        { untouched, accepted: ids },
      );
      const now = await engineObjects(fleet.engine.docker, ids);
      expect(now.map(withoutTime)).to.deep.equal(objects.map(withoutTime));
      const drained = (await fleet.events()).filter(({ type }) => type === "WORKSPACE_DRAINING");
      expect(drained).to.have.length(fault === 19 ? 1 : 2);
    });
  }
});
