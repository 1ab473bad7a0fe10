import { expect } from "chai";
import pg from "pg";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
import { CONTAINER_LIST, closedGate } from "../support/engine-faults.js";
import { eventually } from "../support/eventually.js";
import { FaultWorld } from "./world.js";

const TEXT =
  "provisioning timed out — container started but never called /registry/register. Check container logs and network connectivity to the platform.";

describe("faults 30–32: provisions that run out of time", function () {
  this.timeout(120_000);
  let world: FaultWorld;
  before(async function () {
    world = await FaultWorld.open(this, { mute: true, provisionTimeoutSeconds: 300 });
  });
  afterEach(() => world.check());
  after(() => world.close());

  async function launched(name: string): Promise<string> {
    const id = await create(world.host, { name, runtime: "probe", tier: 2 });
    await eventually(async () => (await world.containersOf(id)).length === 1, { timeoutMs: 30_000 });
    await eventually(async () => (await handleOf(id)) !== null);
    return id;
  }
  const handleOf = async (id: string) => {
    const text = "select handle from workspaces where id = $1";
    return (await world.client.query<{ handle: string | null }>(text, [id])).rows[0]?.handle ?? null;
  };
  const age = (id: string, seconds: number) =>
    world.client.query(
      "update workspaces set provisioning_started_at = now() - $2 * interval '1 second' where id = $1",
      [id, seconds],
    );

  it("30: a stuck workspace fails at its runtime's deadline, its container is stopped, and a restart works", async () => {
    const id = await launched("Stuck");
    await age(id, 299 - 60);
    expect((await world.sweep("provision-timeout")).detail).to.equal(null);
    expect(await world.statusOf(id)).to.equal("provisioning");
    // A new attempt, whose age was not seen yet.
    const late = await launched("Overdue");
    await age(late, 301);
    expect((await world.sweep("provision-timeout")).detail).to.contain(
      "1 timed out, 1 left-over container(s) stopped",
    );
    expect(await find(world.host, late)).to.include({ status: "failed", last_sample_error: TEXT });
    expect(await world.containersOf(late)).to.deep.equal([]);
    expect(await eventTypes(world.host, late)).to.deep.equal([
      "WORKSPACE_PROVISIONING",
      "WORKSPACE_PROVISION_TIMEOUT",
      "WORKSPACE_PROVISION_FAILED",
    ]);
    const events = (await world.host.api("GET", `/events/${late}`)).body;
    for (const at of ["0", "1"]) {
      expect(field(events, at, "payload")).to.deep.equal({
        error: TEXT,
        timeout_secs: 300,
        runtime: "probe",
        source: "provision_timeout_sweep",
      });
    }
    expect((await world.sweep("provision-timeout")).detail).to.equal(null);
    expect((await eventTypes(world.host, late)).length).to.equal(3);
    expect(await world.statusOf(id)).to.equal("provisioning");
    const restarted = await world.host.api("POST", `/workspaces/${late}/restart`, {});
    expect(restarted.status, restarted.text).to.equal(200);
    await eventually(async () => (await world.containersOf(late)).length === 1, { timeoutMs: 30_000 });
    // Its deadline begins anew, and what the failed attempt left is nothing of the new one's.
    expect((await world.sweep("provision-timeout")).detail).to.equal(null);
    expect(await world.statusOf(late)).to.equal("provisioning");
    expect(await world.containersOf(late)).to.have.length(1);
    for (const each of [id, late]) await world.host.api("DELETE", `/workspaces/${each}`);
  });

  it("30: a restart that comes while what has timed out is being stopped keeps its own container", async () => {
    const id = await launched("Overtaken");
    await age(id, 301);
    const gate = closedGate();
    let looks = 0;
    // Of the whole engine the pass has its list; of this workspace it asks for one to stop what is on it.
    world.proxy.fault = ({ path, url }) =>
      CONTAINER_LIST.test(path) && url.includes(id) && (looks += 1) === 1
        ? { kind: "stall", until: gate.opened }
        : undefined;
    const sweeping = world.sweep("provision-timeout");
    await eventually(() => looks === 1, { what: "the look before the stop", timeoutMs: 30_000 });
    expect((await world.host.api("POST", `/workspaces/${id}/restart`, {})).status).to.equal(200);
    await eventually(async () => (await handleOf(id)) !== null, { timeoutMs: 30_000 });
    const current = await world.containersOf(id);
    gate.open();
    expect((await sweeping).error).to.equal(null);
    expect(current).to.deep.equal([await handleOf(id)]);
    expect(await world.containersOf(id)).to.deep.equal(current);
    const [container = ""] = current;
    expect((await world.engine.docker.getContainer(container).inspect()).State.Running).to.equal(true);
    expect(await world.statusOf(id)).to.equal("provisioning");
    await world.host.api("DELETE", `/workspaces/${id}`);
  });

  it("31: writes to a provisioning row do not move its deadline", async () => {
    const id = await launched("Busy");
    await age(id, 301);
    await world.client.query(
      "update workspaces set updated_at = now(), x = 5, name = 'Renamed' where id = $1",
      [id],
    );
    expect((await world.sweep("provision-timeout")).detail).to.contain("1 timed out");
    expect(await world.statusOf(id)).to.equal("failed");
    await world.host.api("DELETE", `/workspaces/${id}`);
  });

  /** Both are under way and wait for the workspace's row, `first` before `second`, until they may have it. */
  async function inOrder<A, B>(
    id: string,
    first: () => Promise<A>,
    second: () => Promise<B>,
  ): Promise<readonly [A, B]> {
    const untilWaiting = (count: number) =>
      eventually(
        async () => {
          const found = await world.client.query(
            `select pid from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and query ilike 'update "workspaces"%'`,
          );
          return found.rows.length === count;
        },
        { timeoutMs: 30_000, what: `${count} of the two wait for the row` },
      );
    const holder = new pg.Client({ connectionString: world.database.url });
    await holder.connect();
    try {
      await holder.query("begin");
      await holder.query("select id from workspaces where id = $1 for update", [id]);
      const one = first();
      await untilWaiting(1);
      const two = second();
      await untilWaiting(2);
      await holder.query("commit");
      return await Promise.all([one, two]);
    } finally {
      await holder.end();
    }
  }

  async function overdue(name: string) {
    const id = await launched(name);
    const token = await world.tokenOf(id);
    await age(id, 301);
    const register = () =>
      world.host.api(
        "POST",
        "/registry/register",
        { id, url: "http://localhost:8000", agent_card: { name: "late" } },
        { Authorization: `Bearer ${token}` },
      );
    return { id, register, sweep: () => world.sweep("provision-timeout") };
  }

  it("32: a registration that is just before the timeout wins: online, and nothing is stopped", async () => {
    const { id, register, sweep } = await overdue("Just in time");
    const [registered, swept] = await inOrder(id, register, sweep);
    expect(registered.status, registered.text).to.equal(200);
    expect(swept).to.deep.equal({ ok: true, detail: null, error: null });
    expect(await world.statusOf(id)).to.equal("online");
    expect((await eventTypes(world.host, id)).slice(1)).to.deep.equal(["WORKSPACE_ONLINE"]);
    expect(await world.containersOf(id)).to.have.length(1);
    await world.host.api("DELETE", `/workspaces/${id}`);
  });

  it("32: a registration that the timeout overtakes is refused, and so is one that comes later", async () => {
    const { id, register, sweep } = await overdue("Just too late");
    const [swept, registered] = await inOrder(id, sweep, register);
    expect(swept.detail).to.contain("1 timed out");
    expect(registered.status, registered.text).to.equal(401);
    expect((await register()).status).to.equal(401);
    expect(await world.statusOf(id)).to.equal("failed");
    expect((await eventTypes(world.host, id)).slice(1)).to.deep.equal([
      "WORKSPACE_PROVISION_TIMEOUT",
      "WORKSPACE_PROVISION_FAILED",
    ]);
    expect(await world.containersOf(id)).to.deep.equal([]);
    await world.host.api("DELETE", `/workspaces/${id}`);
  });

  it("PROVISION_TIMEOUT_SECONDS is over what the runtimes declare", async () => {
    await world.host.stop();
    await world.startHost({ PROVISION_TIMEOUT_SECONDS: "1" });
    const id = await launched("Hurried");
    await age(id, 2);
    await world.sweep("provision-timeout");
    expect(await find(world.host, id)).to.include({ status: "failed", last_sample_error: TEXT });
    await untilStatus(world.host, id, "failed");
    await world.host.api("DELETE", `/workspaces/${id}`);
  });
});
