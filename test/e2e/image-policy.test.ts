import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { RolloutFleet } from "../support/rollout-fleet.js";

describe("what somebody wants for the image of one workspace", () => {
  let fleet: RolloutFleet;
  before(async function () {
    this.timeout(300_000);
    fleet = await RolloutFleet.start(this, { registry: true });
  });
  after(() => fleet.end());

  it("keeps a rollout away by opt-out and by pin; at its next start the one takes the template's image, the other its own", async function () {
    this.timeout(240_000);
    const [optedOut = "", pinned = "", other = ""] = await fleet.create(3);
    const first = await runs(other);
    const [digest] = (await fleet.client.query<{ image_digest: string }>(DIGEST, [pinned])).rows;
    expect(await patch(optedOut, { image_opt_out: true })).to.equal('{"status":"updated"}');
    expect(await patch(pinned, { image_pin: digest?.image_digest })).to.equal('{"status":"updated"}');

    const next = await fleet.images.push("good");
    expect((await fleet.refresh()).text).to.contain(`"recreated":["ws-${other.slice(0, 12)}"]`);
    expect([await runs(optedOut), await runs(pinned), await runs(other)]).to.deep.equal([
      first,
      first,
      next.imageId,
    ]);

    await restart(optedOut);
    await restart(pinned);
    expect([await runs(optedOut), await runs(pinned)]).to.deep.equal([next.imageId, first]);

    // To another one than it runs, which comes with its next start; and back to what the template says.
    expect(await patch(pinned, { image_pin: next.digest })).to.equal(
      '{"status":"updated","needs_restart":true}',
    );
    await restart(pinned);
    expect(await runs(pinned)).to.equal(next.imageId);
    await patch(pinned, { image_pin: null });
    const last = await fleet.images.push("good");
    expect((await fleet.refresh()).status).to.equal(200);
    expect([await runs(optedOut), await runs(pinned), await runs(other)]).to.deep.equal([
      next.imageId,
      last.imageId,
      last.imageId,
    ]);
  });

  async function patch(id: string, body: unknown): Promise<string> {
    return (await fleet.host.api("PATCH", `/workspaces/${id}`, body)).text;
  }

  async function restart(id: string): Promise<void> {
    const before = (await fleet.workspaces()).find((each) => each.id === id)?.attempt ?? 0;
    expect((await fleet.host.api("POST", `/workspaces/${id}/restart`)).status).to.equal(200);
    await eventually(
      async () => {
        const now = (await fleet.workspaces()).find((each) => each.id === id);
        return now?.status === "online" && now.attempt > before;
      },
      { what: "the workspace is online again", timeoutMs: 60_000 },
    );
  }

  /** The image that the engine says the workspace runs. */
  async function runs(id: string): Promise<string | undefined> {
    const containers = await fleet.containers(id);
    expect(containers.map(({ State }) => State)).to.deep.equal(["running"]);
    return containers[0]?.ImageID;
  }
});

const DIGEST = "select image_digest from workspaces where id = $1";
