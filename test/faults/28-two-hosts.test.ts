import { expect } from "chai";
import pg from "pg";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { usePostgres } from "../support/postgres.js";

const LOOP = "workspace-recovery";
const HELD_ELSEWHERE = "another host holds the lease";
const DEADLINE_MS = 60_000;

describe("fault 28: two hosts share one database, one is stopped, one freezes and wakes up", function () {
  this.timeout(120_000);
  let url: string;
  let database: pg.Client;
  let first: RunningHost;
  let second: RunningHost;

  before(async function () {
    const postgres = await usePostgres(this);
    ({ url } = await postgres.freshDatabase());
    const options = { dev: true, env: { DATABASE_URL: url, CONTAINER_RUNTIME: "process" } };
    first = await startHost(options);
    second = await startHost(options);
    database = new pg.Client(url);
    await database.connect();
    // It ticks when a test says so, and is busy with no tick of its own then.
    for (const host of [first, second]) {
      const pause = () => host.api("POST", `/admin/loops/${LOOP}`, { action: "pause" });
      expect((await pause()).status).to.equal(200);
    }
  });
  after(async () => {
    await database.end();
    await Promise.all([first.stop(), second.stop()]);
  });

  const leases = async () => {
    const { rows } = await database.query<{ loop: string; holder: string; fence: string }>(
      "select loop, holder, fence from loop_leases where loop not like 'workspace/%' order by loop",
    );
    return rows;
  };
  const fence = async () => Number((await leases()).find(({ loop }) => loop === LOOP)?.fence ?? 0);
  /** As if its time had passed, by the database's clock, which is the one that counts. */
  const expireLease = () =>
    database.query("update loop_leases set expires_at = now() where loop = $1", [LOOP]);
  const run = async (host: RunningHost) =>
    field((await host.api("POST", `/admin/loops/${LOOP}`, { action: "run" })).body, "report");
  /** Has a host tick under the lease, not stand by. */
  const tickOn = (host: RunningHost) =>
    eventually(
      async () => {
        await expireLease();
        const report = await run(host);
        return field(report, "ok") === true && field(report, "detail") !== HELD_ELSEWHERE;
      },
      { timeoutMs: DEADLINE_MS, what: "a tick under the lease" },
    );

  it("gives each loop to one of them", async () => {
    const held = await eventually(async () => {
      const rows = await leases();
      return rows.length > 0 ? rows : undefined;
    });
    expect(new Set(held.map(({ loop }) => loop)).size).to.equal(held.length);
  });

  it("shows on each what happens on the other, and toggles a plugin on both", async () => {
    const id = await create(first, { name: "Shared", external: true });
    expect(await eventTypes(second, id)).to.deep.equal(["WORKSPACE_AWAITING_AGENT"]);
    const toggle = await first.api("PATCH", "/admin/plugins/gh-identity", { enabled: false });
    expect(toggle.status, toggle.text).to.equal(200);
    const stateOn = async (host: RunningHost) => {
      const { body } = await host.api("GET", "/admin/plugins");
      const plugins = field(body, "plugins");
      return Array.isArray(plugins)
        ? field(
            plugins.find((plugin) => field(plugin, "name") === "gh-identity"),
            "state",
          )
        : undefined;
    };
    await eventually(async () => (await stateOn(second)) === "disabled", { timeoutMs: 30_000 });
    await second.api("PATCH", "/admin/plugins/gh-identity", { enabled: true });
    await eventually(async () => (await stateOn(first)) === "enabled", { timeoutMs: 30_000 });
    await second.api("DELETE", `/workspaces/${id}`);
  });

  it("hands the loop of a frozen one over in the middle of its tick, and refuses what that writes when it wakes up", async () => {
    await tickOn(first);
    const before = await fence();
    expect(field(await run(second), "detail")).to.equal(HELD_ELSEWHERE);
    const { rows } = await database.query<{ id: string }>(
      `insert into workspaces (id, name, tier, status, runtime, provision_host, provision_claim_expires_at)
       values (gen_random_uuid(), 'Abandoned', 2, 'provisioning', 'demo', gen_random_uuid(), now() - interval '1 minute')
       returning id`,
    );
    const id = rows[0]?.id ?? "";
    // Its tick waits here for what it asked, freezes, and will find the answer, long out of date, when it wakes up.
    const gate = new pg.Client(url);
    await gate.connect();
    await gate.query("begin");
    await gate.query("lock table workspaces in access exclusive mode");
    const late = run(first);
    await eventually(async () => {
      const waiting = await database.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and query like '%provision_claim_expires_at%'`,
      );
      return waiting.rows.length > 0;
    });
    process.kill(first.pid, "SIGSTOP");
    try {
      await gate.query("commit");
      await gate.end();
      await tickOn(second);
      expect(await fence()).to.be.greaterThan(before);
      await untilStatus(second, id, "online", DEADLINE_MS);
    } finally {
      process.kill(first.pid, "SIGCONT");
    }
    const report = await late;
    expect(field(report, "ok")).to.equal(false);
    expect(field(report, "error")).to.match(/lease/);
    expect(field(await run(first), "detail")).to.equal(HELD_ELSEWHERE);
    const { rows: attempts } = await database.query<{ attempt: number }>(
      "select attempt from workspaces where id = $1",
      [id],
    );
    expect(attempts[0]?.attempt, "taken up once").to.equal(2);
    await second.api("DELETE", `/workspaces/${id}`);
  });

  it("goes on alone when one is stopped: events, loops, new workspaces", async () => {
    expect(await first.stop()).to.equal(0);
    const id = await create(second, { name: "Alone", runtime: "demo", tier: 2 });
    await untilStatus(second, id, "online", DEADLINE_MS);
    // What stopped has given its leases back: nobody waits for them to run out.
    await eventually(async () => field(await run(second), "detail") !== HELD_ELSEWHERE);
    expect((await second.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await find(second, id)).to.equal(undefined);
  });
});
