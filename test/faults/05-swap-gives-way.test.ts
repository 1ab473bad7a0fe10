import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import { RolloutFleet } from "../support/rollout-fleet.js";
import { checkInvariants } from "./invariants.js";

describe("fault 5: a workspace is deleted, paused or restarted while its image is being replaced", () => {
  let fleet: RolloutFleet;
  let other: RunningHost;

  before(async function () {
    this.timeout(300_000);
    // Long enough to be caught in it, by an agent that has registered and so heeds SIGTERM.
    fleet = await RolloutFleet.start(this, { env: { ROLLOUT_SOAK_SECONDS: "6" } });
    other = await fleet.anotherHost();
  });

  after(async () => {
    await other.stop();
    await fleet.end();
  });

  for (const at of ["the host that swaps it", "another host"] as const) {
    it(`deletes it for good, at ${at}`, async function () {
      this.timeout(120_000);
      const { id, rollout } = await swapping();
      const host = at === "another host" ? other : fleet.host;
      const answer = await host.api("DELETE", `/workspaces/${id}?confirm=true`);
      expect(answer.status, answer.text).to.equal(200);
      expect(await fleet.containers(id)).to.deep.equal([]);
      expect(await volumesOf(id)).to.deep.equal([]);
      expect((await fleet.ended(rollout)).status).to.equal("completed");
      await expectOver(id, "removed");
      expect(await fleet.containers(id)).to.deep.equal([]);
      expect(await volumesOf(id)).to.deep.equal([]);
    });
  }

  it("pauses it, and nothing of it runs", async function () {
    this.timeout(120_000);
    const { id, rollout } = await swapping();
    expect((await fleet.host.api("POST", `/workspaces/${id}/pause`)).status).to.equal(200);
    expect((await fleet.ended(rollout)).status).to.equal("completed");
    await expectOver(id, "paused");
    await eventually(async () => (await fleet.containers(id)).every(({ State }) => State !== "running"), {
      what: "nothing runs",
      timeoutMs: 30_000,
    });
    expect(await volumesOf(id)).to.have.length.above(0);
    expect((await fleet.host.api("DELETE", `/workspaces/${id}?confirm=true`)).status).to.equal(200);
  });

  it("restarts it, and brings the image to its new attempt", async function () {
    this.timeout(180_000);
    const { id, rollout, attempt, image } = await swapping();
    expect((await fleet.host.api("POST", `/workspaces/${id}/restart`)).status).to.equal(200);
    expect((await fleet.ended(rollout)).status).to.equal("completed");
    await expectOver(id, "online");
    const now = (await fleet.workspaces()).find((each) => each.id === id);
    // The swap that gave way had one attempt, the restart has the next.
    expect(now?.attempt).to.be.above(attempt + 1);
    await eventually(async () => {
      const [only, ...more] = await fleet.containers(id);
      return more.length === 0 && only?.State === "running";
    });
    const last = await fleet.rollOut(image);
    expect((await fleet.ended(last)).status).to.equal("completed");
    expect((await fleet.containers(id))[0]?.ImageID).to.equal(image);
    expect((await fleet.events(id)).map(({ type }) => type)).not.to.include("WORKSPACE_ROLLED_BACK");
    await checkInvariants({
      docker: fleet.engine.docker,
      databaseUrl: fleet.databaseUrl,
      hosts: [fleet.host, other],
    });
  });

  /** A new workspace whose new container soaks. */
  async function swapping() {
    const [id = ""] = await fleet.create(1);
    const { attempt = 0 } = (await fleet.workspaces()).find((each) => each.id === id) ?? {};
    const image = await fleet.images.build("good");
    const rollout = await fleet.rollOut(image);
    await eventually(
      async () => {
        const query = "select 1 from workspace_swaps where workspace_id = $1 and phase = 'gating'";
        const gating = (await fleet.client.query(query, [id])).rowCount === 1;
        return gating && (await fleet.workspaces()).find((each) => each.id === id)?.status === "online";
      },
      { what: "the new container soaks", timeoutMs: 60_000 },
    );
    return { id, attempt, image, rollout };
  }

  async function expectOver(id: string, status: string): Promise<void> {
    await eventually(
      async () => (await fleet.workspaces()).find((each) => each.id === id)?.status === status,
      { what: `it is ${status}`, timeoutMs: 60_000 },
    );
    expect((await fleet.client.query("select 1 from workspace_swaps")).rowCount).to.equal(0);
  }

  async function volumesOf(id: string): Promise<string[]> {
    const filters = { label: [`molecule.workspace.id=${id}`] };
    return (await fleet.engine.docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name);
  }
});
