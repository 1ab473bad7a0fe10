import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { PostgresWire } from "../support/postgres-wire.js";
import { FaultWorld } from "./world.js";

/** Of the lease on the loop, beside the queries of the pass itself: it is taken for the interval. */
const LEASE = "insert into loop_leases ";

/** What a pass asks the database: who owns what is in the engine, and how the fuse stands. */
const READING = /^select .* from "workspaces" where workspaces\.id = any\(.* from "orphan_fuse"/;

/** The connection that listens for events shows now and then that it is alive. */
const PROBE = /^select 1$/;

describe("what a pass of the orphan sweep costs (design.md §7), counted at the engine's socket and on the wire to Postgres", function () {
  this.timeout(240_000);
  let world: FaultWorld;
  let wire: PostgresWire;
  before(async function () {
    world = await FaultWorld.open(this);
    await world.host.stop();
    wire = await PostgresWire.to(world.database.url);
    await world.startHost({ DATABASE_URL: wire.url });
    // Nothing but the pass shall ask anybody anything.
    const loops = field((await world.host.api("GET", "/admin/loops")).body, "loops");
    for (const loop of Array.isArray(loops) ? loops : []) {
      await world.host.api("POST", `/admin/loops/${String(field(loop, "name"))}`, { action: "pause" });
    }
  });
  after(async () => {
    await world.close();
    await wire.close();
  });

  async function populate(containers: number, rows: number): Promise<void> {
    for (let made = 0; made < containers; made += 1) await world.insertRow(await world.plant());
    await world.client.query(
      `insert into workspaces (id, name, tier, status, runtime)
       select gen_random_uuid(), 'Gone', 2, 'removed', 'probe' from generate_series(1, $1)`,
      [rows],
    );
  }

  /** Of one pass, which finds nothing wrong, or what `told` says. */
  async function costOfPass(told: string | null) {
    world.proxy.heal();
    wire.statements.length = 0;
    const pass = await world.sweep("orphan-sweeper");
    expect(pass).to.deep.equal({ ok: true, detail: told, error: null });
    const statements = wire.statements.map((text) => text.replace(/\s+/g, " ").trim());
    return {
      calls: world.proxy.seen.map(({ method, path }) => `${method} ${path}`).sort(),
      leases: statements.filter((text) => text.startsWith(LEASE)),
      queries: statements.filter((text) => !text.startsWith(LEASE) && !PROBE.test(text)),
    };
  }

  for (const [containers, rows] of [
    [2, 10],
    [18, 20_000],
  ] as const) {
    it(`two engine calls and one query where nothing is wrong, with ${containers} more containers and ${rows} more rows`, async () => {
      await populate(containers, rows);
      const { calls, leases, queries } = await costOfPass(null);
      expect(calls).to.deep.equal(["GET /containers/json", "GET /volumes"]);
      expect(queries).to.have.length(1);
      expect(queries[0]).to.match(READING);
      expect(leases).to.have.length(1);
    });
  }

  it("one engine call and one query more where the age of something matters", async () => {
    await world.plant();
    const { calls, queries } = await costOfPass("2 waiting");
    expect(calls).to.deep.equal(["GET /containers/json", "GET /info", "GET /volumes"]);
    expect(queries).to.have.length(2);
    for (const each of queries) expect(each).to.match(READING);
  });
});
