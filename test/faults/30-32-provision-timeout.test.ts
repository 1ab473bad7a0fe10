import { expect } from "chai";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
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
    await eventually(async () => {
      const row = await world.client.query<{ handle: string | null }>(
        "select handle from workspaces where id = $1",
        [id],
      );
      return row.rows[0]?.handle !== null;
    });
    return id;
  }
  /** The sweep begins anew: of what began between two of its passes it would not believe that it is older than that. */
  async function age(id: string, seconds: number): Promise<void> {
    await world.client.query(
      "update workspaces set provisioning_started_at = now() - $2 * interval '1 second' where id = $1",
      [id, seconds],
    );
    for (const enabled of [false, true]) {
      const { status } = await world.host.api("PATCH", "/admin/plugins/provision-timeout", { enabled });
      expect(status).to.equal(200);
    }
    await world.host.api("POST", "/admin/loops/provision-timeout", { action: "pause" });
  }

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

  it("32: of a registration and the timeout one wins, and a registration that comes late is refused", async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const id = await launched(`Close ${round}`);
      const token = await world.tokenOf(id);
      const register = () =>
        world.host.api(
          "POST",
          "/registry/register",
          { id, url: "http://localhost:8000", agent_card: { name: "late" } },
          { Authorization: `Bearer ${token}` },
        );
      await age(id, 301);
      const [registered] = await Promise.all([register(), world.sweep("provision-timeout")]);
      const status = await world.statusOf(id);
      const events = (await eventTypes(world.host, id)).slice(1);
      if (status === "online") {
        expect(registered.status).to.equal(200);
        expect(events).to.deep.equal(["WORKSPACE_ONLINE"]);
      } else {
        expect(status).to.equal("failed");
        expect(registered.status).to.equal(401);
        expect((await register()).status).to.equal(401);
        expect(events).to.deep.equal(["WORKSPACE_PROVISION_TIMEOUT", "WORKSPACE_PROVISION_FAILED"]);
        expect(await world.containersOf(id)).to.deep.equal([]);
      }
      outcomes.add(status ?? "none");
      await world.host.api("DELETE", `/workspaces/${id}`);
    }
    expect([...outcomes].every((status) => status === "online" || status === "failed")).to.equal(true);
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
