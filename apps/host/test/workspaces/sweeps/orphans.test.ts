import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { inMemory } from "../../model/engines/in-memory.js";
import { World } from "../../model/world.js";

describe("adopting a workspace that only the engine knows of", function () {
  this.timeout(120_000);
  let world: World;
  let id: string;
  before(async function () {
    world = await World.open(this, await inMemory());
  });
  beforeEach(async () => {
    await world.reset();
    id = randomUUID();
    await world.view.plant(id);
  });
  after(() => world.close());

  const adopt = () => world.api("POST", "/admin/orphans/adopt", { workspace_id: id, runtime: "agent" });

  it("is done once, when two ask for it at once", async () => {
    const answers = await Promise.all([adopt(), adopt(), adopt()]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409, 409]);
    await world.settled();
    expect((await world.rows()).map(({ attempt }) => attempt)).to.deep.equal([2]);
  });

  it("is refused where the row has given that attempt before, and the row stays as it is", async () => {
    await world.query(
      `insert into workspaces (id, name, tier, status, runtime, attempt, last_attempt)
       values ($1, 'Went back', 2, 'offline', 'agent', 0, 1)`,
      [id],
    );
    const { status, body } = await adopt();
    expect({ status, code: body.code }).to.deep.equal({ status: 409, code: "ADOPTION_REFUSED" });
    const { rows } = await world.query("select attempt, last_attempt, status from workspaces");
    expect(rows).to.deep.equal([{ attempt: 0, last_attempt: 1, status: "offline" }]);
  });
});
