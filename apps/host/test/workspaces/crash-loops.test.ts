import { CONTAINER_LIST, type Fault } from "@molecule/test/support/engine-faults.js";
import { expect } from "chai";
import { inMemory } from "../model/engines/in-memory.js";
import { World } from "../model/world.js";

const PASS_MINUTES = 0.25;

describe("a container that the engine restarts over and over", function () {
  this.timeout(120_000);
  let world: World;
  before(async function () {
    world = await World.open(this, await inMemory());
  });
  after(() => world.close());

  it("takes its workspace offline, to be restarted", async () => {
    const body = { name: "Looping", tier: 2, runtime: "agent" };
    const id = String((await world.api("POST", "/workspaces", body)).body.id);
    await world.settled();
    const [container] = await world.view.containers();
    const token = (await world.view.token(container?.id ?? "")) ?? "";
    const agent = { id, url: "http://localhost:8000", agent_card: {} };
    expect((await world.api("POST", "/registry/register", agent, token)).status).to.equal(200);
    world.trouble = ({ method, path }) => {
      if (method !== "GET") return undefined;
      if (CONTAINER_LIST.test(path)) return changed(container?.id, { State: "restarting" });
      const state = { Status: "restarting", Running: true, Restarting: true, ExitCode: 1 };
      return path === `/containers/${container?.id}/json` ? changed(undefined, { State: state }) : undefined;
    };
    for (let pass = 0; pass < 2; pass += 1) {
      await world.tick("health-sweep");
      expect((await world.rows())[0]).to.include({ status: "online", attempt: 1 });
      await world.age(PASS_MINUTES);
    }
    await world.tick("health-sweep");
    const { rows } = await world.query<{ event_type: string }>(
      "select event_type from events where workspace_id = $1 order by id",
      [id],
    );
    expect(rows.map(({ event_type }) => event_type)).to.deep.equal([
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_ONLINE",
      "WORKSPACE_OFFLINE",
      "WORKSPACE_PROVISIONING",
    ]);
    await world.settled();
    expect((await world.view.containers()).map(({ attempt }) => attempt)).to.deep.equal([2]);
  });
});

/** The engine's answer, with these values put in; in a list, only in the entry of that id. */
function changed(id: string | undefined, values: Readonly<Record<string, unknown>>): Fault {
  const change = (entry: unknown): unknown =>
    typeof entry === "object" && entry !== null && (id === undefined || ("Id" in entry && entry.Id === id))
      ? { ...entry, ...values }
      : entry;
  return { kind: "change", change: (body) => (Array.isArray(body) ? body.map(change) : change(body)) };
}
