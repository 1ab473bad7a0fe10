import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { inMemory } from "../model/engines/in-memory.js";
import { SWEEPS, World } from "../model/world.js";

const HOUR_MS = 3_600_000;

/** That no loop ticks early or late is shown beside the loop runner, with a clock that is moved by hand. */
describe("fault 29: the wall clock jumps an hour either way", function () {
  this.timeout(120_000);
  let world: World;
  beforeEach(async function () {
    world = await World.open(this, await inMemory());
  });
  afterEach(async () => {
    await world.close();
  });

  const create = async (body: Readonly<Record<string, unknown>>) => {
    const answer = await world.api("POST", "/workspaces", { name: "Steady", tier: 2, ...body });
    return { id: String(answer.body.id), connection: answer.body.connection };
  };
  const register = async (id: string, token: string | null) => {
    const body = { id, url: "http://localhost:8000", agent_card: {} };
    const answer = await world.api("POST", "/registry/register", body, token ?? "");
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
  };
  const tokenOf = async (workspaceId: string) => {
    const own = (await world.view.containers()).find((each) => each.workspaceId === workspaceId);
    return own === undefined ? null : await world.view.token(own.id);
  };
  const sweep = async () => {
    for (const loop of SWEEPS) await world.tick(loop);
    await world.settled();
  };
  const containerIds = async () => (await world.view.containers()).map(({ id }) => id);
  const events = async () =>
    (await world.query<{ count: string }>("select count(*) from events")).rows[0]?.count;
  const statuses = async () => (await world.rows()).map(({ status }) => status).sort();

  for (const jumps of [
    [HOUR_MS, -HOUR_MS],
    [-HOUR_MS, HOUR_MS],
  ]) {
    it(`times nobody out and reaps nothing young, ${jumps[0] === HOUR_MS ? "forwards and then back" : "back and then forwards"}`, async () => {
      for (let n = 0; n < 3; n += 1) {
        const { id } = await create({ runtime: "agent" });
        await world.settled();
        await register(id, await tokenOf(id));
        await create({ runtime: "agent" });
        const external = await create({ external: true });
        const { connection } = external;
        const token =
          typeof connection === "object" && connection !== null && "auth_token" in connection
            ? String(connection.auth_token)
            : null;
        await register(external.id, token);
      }
      await world.settled();
      const before = [...Array<string>(6).fill("online"), ...Array<string>(3).fill("provisioning")];
      await sweep();
      // Begun since the sweeps' last pass, and so seen by none of them before the clock jumps.
      for (let n = 0; n < 3; n += 1) await create({ runtime: "agent" });
      await world.settled();
      before.push(...Array<string>(3).fill("provisioning"));
      expect(await statuses()).to.deep.equal(before);
      // Its row may be on its way.
      await world.view.plant(randomUUID());
      const told = await events();
      const containers = await containerIds();
      for (const jump of jumps) {
        await world.jump(jump);
        await sweep();
        await sweep();
        expect(await statuses()).to.deep.equal(before);
      }
      expect(await events()).to.equal(told);
      expect(await containerIds()).to.deep.equal(containers);
    });
  }

  it("reaps what has no row when it is old enough by a clock that nobody sets", async () => {
    await sweep();
    await world.view.plant(randomUUID());
    await world.jump(HOUR_MS);
    for (let minutes = 0; minutes < 10; minutes += 1) {
      await world.tick("orphan-sweeper");
      expect(await containerIds()).to.have.length(1);
      await world.age(1);
    }
    await world.tick("orphan-sweeper");
    expect(await containerIds()).to.deep.equal([]);
    expect(await world.view.volumes()).to.deep.equal([]);
  });
});
