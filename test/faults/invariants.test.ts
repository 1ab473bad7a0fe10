import { expect } from "chai";
import { create, untilStatus } from "../e2e/workspace-api.js";
import { FaultWorld } from "./world.js";

describe("the invariants that are looked at after every fault", function () {
  this.timeout(120_000);
  let world: FaultWorld;
  let id: string;
  before(async function () {
    world = await FaultWorld.open(this);
    id = await create(world.host, { name: "Whole", runtime: "probe", tier: 2 });
    await untilStatus(world.host, id, "online");
    await world.mark(id);
  });
  after(() => world.close());
  const say = (status: string) =>
    world.client.query("update workspaces set status = $2 where id = $1", [id, status]);

  it("hold where nothing is wrong", () => world.check({ accepted: [id] }));

  for (const status of ["paused", "failed"]) {
    it(`are broken by a container that runs while its workspace is ${status}`, async () => {
      await say(status);
      expect(await failureOf(world.check())).to.contain(`containers of workspace ${id}, which is ${status}`);
      await say("online");
    });
  }

  it("are broken by a second container", async () => {
    await world.plant({ workspaceId: id, attempt: 2 });
    expect(await failureOf(world.check())).to.contain(`containers of workspace ${id}, which is online`);
  });

  it("are broken by the loss of a live workspace's volume, whether or not it runs", async () => {
    const { docker } = world.engine;
    for (const each of await world.containersOf(id)) await docker.getContainer(each).remove({ force: true });
    // After its last heartbeat, which would lift it.
    await say("offline");
    await world.check();
    await docker.getVolume(`ws-${id.slice(0, 12)}-workspace`).remove();
    expect(await failureOf(world.check())).to.contain(`volumes of workspace ${id}, which is offline`);
  });

  it("are broken by a live workspace's volume that was lost and made anew", async () => {
    expect((await world.host.api("POST", `/workspaces/${id}/restart`, {})).status).to.equal(200);
    await untilStatus(world.host, id, "online");
    expect(await failureOf(world.check())).to.contain("/workspace/mark");
  });

  it("are broken by what is left of a removed workspace", async () => {
    await say("removed");
    expect(await failureOf(world.check())).to.contain("belongs to a live workspace");
  });
});

async function failureOf(check: Promise<void>): Promise<string> {
  return await check.then(
    () => "nothing",
    (thrown: unknown) => String(thrown),
  );
}
