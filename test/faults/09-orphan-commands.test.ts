import { expect } from "chai";
import { create, untilStatus } from "../e2e/workspace-api.js";
import { runMolecule, type CliResult } from "../support/cli.js";
import { FaultWorld } from "./world.js";

describe("fault 9: molecule orphans, after a backup was restored", function () {
  this.timeout(180_000);
  let world: FaultWorld;
  before(async function () {
    world = await FaultWorld.open(this, { orphanSweeper: { dryRun: true } });
  });
  after(() => world.close());

  const orphans = (...args: readonly string[]): Promise<CliResult> =>
    runMolecule(["orphans", ...args, "--url", world.host.url]);

  it("dryRun in the manifest tells what would go and removes nothing; the list shows each with its reason", async () => {
    const id = await world.plant();
    await world.insertRow(id, { status: "removed" });
    const pass = await world.sweep("orphan-sweeper");
    expect(pass.detail).to.contain("would be removed");
    expect(await world.isGone(id)).to.equal(false);
    const { code, output } = await orphans("list");
    expect(code, output).to.equal(0);
    const [container = ""] = await world.containersOf(id);
    const [volume = ""] = await world.volumesOf(id);
    expect(output)
      .to.match(/^container ws-[0-9a-f-]+ — goes with the next pass\n/m)
      .and.contain(`  id ${container}, workspace ${id}\n`)
      .and.contain(`volume ${volume} — goes with the next pass\n`)
      .and.contain("these are never touched\n");

    expect((await orphans("remove", container)).output).to.contain(`removed: ${container}`);
    expect((await orphans("remove", volume)).output).to.contain(`removed: ${volume}`);
    expect(await world.isGone(id)).to.equal(true);
    const again = await orphans("remove", container);
    expect(again.code).to.equal(1);
    expect(again.output).to.contain("404");
  });

  it("remove refuses what a live workspace needs", async () => {
    const id = await create(world.host, { name: "Live", runtime: "probe", tier: 2 });
    await untilStatus(world.host, id, "online");
    const [container = ""] = await world.containersOf(id);
    const { code, output } = await orphans("remove", container);
    expect(code).to.equal(1);
    expect(output).to.contain("409");
    expect(await world.containersOf(id)).to.deep.equal([container]);
    expect((await world.host.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
  });

  it("adopt starts a workspace anew whose row is older than what is there, and one without a row", async () => {
    const [older, lost] = [await world.plant({ attempt: 5 }), await world.plant()];
    await world.insertRow(older, { status: "offline", attempt: 2 });
    for (const id of [older, lost]) {
      const { code, output } = await orphans("adopt", id, "--name", "Found again", "--tier", "2");
      expect(code, output).to.equal(0);
      expect(output).to.contain(`adopted: ${id} is being provisioned`);
      await untilStatus(world.host, id, "online");
      expect(await world.containersOf(id)).to.have.length(1);
    }
    const { rows } = await world.client.query<{ attempt: number }>(
      "select attempt from workspaces where id = any($1::uuid[]) order by attempt",
      [[older, lost]],
    );
    expect(rows.map(({ attempt }) => attempt)).to.deep.equal([2, 6]);
    expect((await orphans("adopt", older)).code, "it is adopted already").to.equal(1);
    for (const id of [older, lost]) await world.host.api("DELETE", `/workspaces/${id}`);
  });

  it("confirm has nothing to say where no fuse is blown", async () => {
    const { code, output } = await orphans("confirm", "0123456789ab");
    expect(code).to.equal(1);
    expect(output).to.contain("the fuse of the orphan sweep is not blown");
  });
});
