import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "./invariants.js";

describe("fault 17: a rollout is handed on more than once", () => {
  let fleet: RolloutFleet;

  before(async function () {
    fleet = await RolloutFleet.start(this, {
      env: { ROLLOUT_MAX_UNAVAILABLE: "1", ROLLOUT_SOAK_SECONDS: "3" },
    });
  });

  after(() => fleet.end());

  it("goes on after a host was killed, and the one that took it up was stopped in good order", async function () {
    this.timeout(240_000);
    const ids = await fleet.create(2);
    const image = await fleet.images.build("good");
    const rollout = await fleet.rollOut(image);
    await driven(rollout, 1);
    await fleet.host.kill();
    // As half a minute later.
    await fleet.client.query("update loop_leases set expires_at = now()");
    await fleet.boot();
    await driven(rollout, 2);
    await fleet.host.stop();
    await fleet.boot();
    expect(await fleet.ended(rollout)).to.include({ status: "completed" });
    expect((await fleet.workspaces()).map(({ image_id }) => image_id)).to.deep.equal(ids.map(() => image));
    for (const id of ids) {
      const containers = (await fleet.containers(id)).map(({ State, ImageID }) => [State, ImageID]);
      expect(containers, `containers of ${id}`).to.deep.equal([["running", image]]);
    }
    await checkInvariants(
      { docker: fleet.engine.docker, databaseUrl: fleet.databaseUrl, hosts: [fleet.host] },
      { accepted: ids },
    );
  });

  /** Waits until the rollout is driven by a holder of this fence or a later one, and runs. */
  async function driven(rollout: string, fence: number): Promise<void> {
    const query = "select 1 from rollouts where id = $1 and fence >= $2 and status = 'running'";
    await eventually(async () => (await fleet.client.query(query, [rollout, fence])).rowCount === 1, {
      what: "the rollout is driven",
      timeoutMs: 60_000,
    });
  }
});
