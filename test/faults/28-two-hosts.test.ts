import { expect } from "chai";
import pg from "pg";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { usePostgres } from "../support/postgres.js";

const LOOP = "workspace-recovery";
/** The one that may tick on both: each runtime's rollout has a lease of its own. */
const ON_EVERY_HOST = "image-rollouts";
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
    // Local processes have no image to watch: the watcher ticks, and asks no registry.
    const env = { DATABASE_URL: url, CONTAINER_RUNTIME: "process", IMAGE_AUTO_REFRESH: "true" };
    const options = { dev: true, env };
    first = await startHost(options);
    second = await startHost(options);
    database = new pg.Client(url);
    await database.connect();
    // They tick when a test says so, and are busy with no tick of their own then.
    for (const host of [first, second]) {
      for (const loop of await loops(host)) {
        const pause = await host.api("POST", `/admin/loops/${loop}`, { action: "pause" });
        expect(pause.status).to.equal(200);
      }
    }
  });
  after(async () => {
    await database.end();
    await Promise.all([first.stop(), second.stop()]);
  });

  const loops = async (host: RunningHost) => {
    const found = field((await host.api("GET", "/admin/loops")).body, "loops");
    const names = Array.isArray(found) ? found.map((loop) => String(field(loop, "name"))) : [];
    return names.filter((name) => name !== ON_EVERY_HOST);
  };
  const fence = async (loop = LOOP) => {
    const { rows } = await database.query<{ fence: string }>(
      "select fence from loop_leases where loop = $1",
      [loop],
    );
    return Number(rows[0]?.fence ?? 0);
  };
  /** As if its time had passed, by the database's clock, which is the one that counts. */
  const expireLease = (loop: string) =>
    database.query("update loop_leases set expires_at = now() where loop = $1", [loop]);
  const run = async (host: RunningHost, loop = LOOP) =>
    field((await host.api("POST", `/admin/loops/${loop}`, { action: "run" })).body, "report");
  /** Has a host tick under the lease, not stand by. */
  const tickOn = (host: RunningHost, loop = LOOP) =>
    eventually(
      async () => {
        await expireLease(loop);
        const report = await run(host, loop);
        return field(report, "ok") === true && field(report, "detail") !== HELD_ELSEWHERE;
      },
      { timeoutMs: DEADLINE_MS, what: `a tick of ${loop} under the lease` },
    );

  /** A workspace whose host died while it provisioned it. */
  const abandoned = async () => {
    const { rows } = await database.query<{ id: string }>(
      `insert into workspaces (id, name, tier, status, runtime, provision_host, provision_claim_expires_at)
       values (gen_random_uuid(), 'Abandoned', 2, 'provisioning', 'demo', gen_random_uuid(), now() - interval '1 minute')
       returning id`,
    );
    return rows[0]?.id ?? "";
  };
  const attemptOf = async (id: string) => {
    const { rows } = await database.query<{ attempt: number }>(
      "select attempt from workspaces where id = $1",
      [id],
    );
    return rows[0]?.attempt;
  };
  /** Whether a host waits for its answer to which provisions were abandoned. */
  const isAsking = async () => {
    const { rows } = await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
       and state = 'active' and query like '%provision_claim_expires_at%'`,
    );
    return rows.length > 0;
  };

  it("lets each loop tick on one of them at a time, whichever comes first", async () => {
    const names = await loops(first);
    expect(names).to.have.members([
      "workspace-recovery",
      "provision-timeout",
      "orphan-sweeper",
      "health-sweep",
      "image-watcher",
    ]);
    for (const loop of names) {
      // Whatever ticked by itself before the pause has ended then.
      for (const host of [first, second]) await tickOn(host, loop);
      for (const [holder, other] of [
        [first, second],
        [second, first],
      ] as const) {
        const before = await fence(loop);
        await tickOn(holder, loop);
        expect(field(await run(other, loop), "detail"), `${loop} on the other`).to.equal(HELD_ELSEWHERE);
        expect(await fence(loop), `${loop} has changed hands`).to.be.greaterThan(before);
      }
    }
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
    const [id, other] = [await abandoned(), await abandoned()];
    // Its tick waits here for what it asked, freezes, and will find the answer, long out of date, when it wakes up.
    const gate = new pg.Client(url);
    await gate.connect();
    await gate.query("begin");
    await gate.query("lock table workspaces in access exclusive mode");
    const late = run(first);
    await eventually(isAsking);
    process.kill(first.pid, "SIGSTOP");
    try {
      await gate.query("commit");
      await gate.end();
      await eventually(async () => !(await isAsking()));
      // Somebody works on this one again: no guard in its row but the fence keeps it from who has seen it abandoned.
      await database.query(
        "update workspaces set provision_claim_expires_at = now() + interval '1 hour' where id = $1",
        [other],
      );
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
    expect(await attemptOf(id), "taken up once").to.equal(2);
    expect(await attemptOf(other), "taken up by nobody").to.equal(1);
    for (const each of [id, other]) await second.api("DELETE", `/workspaces/${each}`);
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
