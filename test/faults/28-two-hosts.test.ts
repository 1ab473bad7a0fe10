import { expect } from "chai";
import pg from "pg";
import { create, eventTypes, field, find, untilStatus } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { usePostgres } from "../support/postgres.js";

/** A lease is held for 30 s at a time; a busy machine takes longer. */
const TAKE_OVER_MS = 120_000;

describe("fault 28: two hosts share one database, one is stopped, one freezes and wakes up", function () {
  this.timeout(300_000);
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

  it("hands the loops of a frozen one over, and refuses what it holds when it wakes up", async () => {
    const before = await eventually(
      async () => {
        const rows = await leases();
        return rows.some(({ loop }) => loop === "workspace-recovery") ? rows : undefined;
      },
      { timeoutMs: TAKE_OVER_MS },
    );
    const holder = before.find(({ loop }) => loop === "workspace-recovery");
    // Which of them it is shows in its data folder only; freezing each in turn needs no such look.
    for (const [frozen, awake] of [
      [first, second],
      [second, first],
    ] as const) {
      process.kill(frozen.pid, "SIGSTOP");
      try {
        await awake.api("POST", "/admin/loops/workspace-recovery", { action: "run" });
        await eventually(
          async () => {
            const run = await awake.api("POST", "/admin/loops/workspace-recovery", { action: "run" });
            return field(run.body, "report", "ok") === true && field(run.body, "report", "detail") === null;
          },
          { timeoutMs: TAKE_OVER_MS, intervalMs: 1_000, what: "the other host ticks" },
        );
      } finally {
        process.kill(frozen.pid, "SIGCONT");
      }
      await eventually(async () => (await frozen.api("GET", "/health")).status === 200);
    }
    const after = (await leases()).find(({ loop }) => loop === "workspace-recovery");
    expect(Number(after?.fence)).to.be.greaterThan(Number(holder?.fence));
    // A renewal or release under the older number changes nothing.
    const late = await database.query(
      "update loop_leases set expires_at = now() + interval '1 hour' where loop = $1 and holder = $2 and fence = $3",
      ["workspace-recovery", holder?.holder, holder?.fence],
    );
    expect(late.rowCount).to.equal(0);
  });

  it("goes on alone when one is stopped: events, loops, new workspaces", async () => {
    expect(await first.stop()).to.equal(0);
    const id = await create(second, { name: "Alone", runtime: "demo", tier: 2 });
    await untilStatus(second, id, "online", TAKE_OVER_MS);
    await eventually(
      async () => {
        const run = await second.api("POST", "/admin/loops/workspace-recovery", { action: "run" });
        return field(run.body, "report", "ok") === true;
      },
      { timeoutMs: TAKE_OVER_MS },
    );
    expect((await second.api("DELETE", `/workspaces/${id}`)).status).to.equal(200);
    expect(await find(second, id)).to.equal(undefined);
  });
});
