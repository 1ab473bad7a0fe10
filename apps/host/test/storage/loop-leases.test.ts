import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { silentLogger } from "@molecule/core";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { sql } from "kysely";
import { DatabaseLeases } from "../../dist/storage/loop-leases.js";
import { useDatabase } from "./databases.js";

describe("DatabaseLeases", () => {
  const suite = useDatabase("postgres");
  beforeEach(() => sql`truncate loop_leases`.execute(suite.db));

  function host(clock = new ManualClock()) {
    return {
      clock,
      leases: new DatabaseLeases({ db: suite.db, hostId: randomUUID(), clock, log: silentLogger }),
    };
  }

  it("gives a loop to one host at a time, and to another when the first has released it", async () => {
    const first = host();
    const second = host();
    const held = await first.leases.acquire("sweep", 1);
    expect(await second.leases.acquire("sweep", 1)).to.equal(null);
    expect(await second.leases.acquire("other", 1)).not.to.equal(null);
    await held?.release();
    const next = await eventually(async () => (await second.leases.acquire("sweep", 1)) ?? undefined);
    expect(next.fence).to.equal((held?.fence ?? 0) + 1);
  });

  it("leaves no row when it is kept for no time: workspaces come and go", async () => {
    await (await host().leases.acquire("workspace/1", 0))?.release();
    expect(await suite.db.selectFrom("loop_leases").selectAll().execute()).to.deep.equal([]);
  });

  it("stays with its host for the loop's interval, so that the loop does not tick once per host", async () => {
    const first = host();
    const second = host();
    const held = await first.leases.acquire("sweep", 60_000);
    await held?.release();
    expect(await second.leases.acquire("sweep", 60_000)).to.equal(null);
    const again = await first.leases.acquire("sweep", 60_000);
    expect(again?.fence).to.equal(held?.fence);
  });

  const endOf = async () =>
    (await suite.db.selectFrom("loop_leases").selectAll().executeTakeFirstOrThrow()).expires_at;
  /** How far off that is, by the clock of this machine, which is the database's. */
  const leftMs = async () => (await endOf()).getTime() - Date.now();

  for (const keepMs of [30_000, 90_000, 600_000]) {
    it(`is held from the first for the ${keepMs / 1000} s that it is kept, so that a tick which is short writes it once`, async () => {
      const { clock, leases } = host();
      const held = await leases.acquire("sweep", keepMs);
      const first = await endOf();
      expect(await leftMs()).to.be.within(keepMs - 20_000, keepMs + 1_000);
      await clock.advance(keepMs >= 90_000 ? 9_000 : 3_000);
      await held?.release();
      expect(await endOf()).to.deep.equal(first);
    });
  }

  it("is told its end anew at its release where much of it has gone by, or was never held as long", async () => {
    const { clock, leases } = host();
    const slow = await leases.acquire("sweep", 90_000);
    const first = await endOf();
    await clock.advance(9_500);
    await slow?.release();
    expect((await endOf()) > first).to.equal(true);

    const long = await leases.acquire("sweep", 600_001);
    expect(await leftMs()).to.be.below(31_000);
    await long?.release();
    expect(await leftMs()).to.be.above(500_000);
  });

  it("is not shortened by a renewal: one whose answer is lost leaves its host no longer than it has it", async () => {
    const { clock, leases } = host();
    const held = await leases.acquire("sweep", 90_000);
    const first = await endOf();
    await clock.advance(10_000);
    await eventually(async () => (await endOf()) > first, { what: "it is renewed" });
    await held?.release();
  });

  it("is free for others at once when its host stops", async () => {
    const first = host();
    await (await first.leases.acquire("sweep", 60_000))?.release();
    await first.leases.releaseAll();
    expect(await host().leases.acquire("sweep", 0)).not.to.equal(null);
  });

  it("aborts for a host that froze and finds its lease with another one", async () => {
    const frozen = host();
    const held = await frozen.leases.acquire("sweep", 0);
    await sql`update loop_leases set expires_at = now()`.execute(suite.db);
    const taken = await host().leases.acquire("sweep", 0);
    expect(taken?.fence).to.equal((held?.fence ?? 0) + 1);
    await frozen.clock.advance(10_000);
    await eventually(() => held?.signal.aborted);
    expect(taken?.signal.aborted).to.be.false;
    await taken?.release();
  });

  for (const [keepMs, lastsMs] of [
    [0, 30_000],
    [90_000, 90_000],
  ] as const) {
    it(`aborts when the database has not answered for the ${lastsMs / 1000} s that the lease lasts`, async () => {
      const { clock, leases } = host();
      const held = await leases.acquire("sweep", keepMs);
      const locked = await suite.database.db.startTransaction().execute();
      try {
        await sql`select 1 from loop_leases for update`.execute(locked);
        await clock.advance(lastsMs - 1);
        expect(held?.signal.aborted).to.be.false;
        await clock.advance(1);
        expect(held?.signal.aborted).to.be.true;
      } finally {
        await locked.rollback().execute();
      }
    });
  }

  it("does not keep others waiting for an hour when its host dies and the clock is set back an hour", async () => {
    const dead = await host().leases.acquire("sweep", 60_000);
    await dead?.release();
    expect(await host().leases.acquire("sweep", 60_000)).to.equal(null);
    await sql`update loop_leases set expires_at = expires_at + interval '1 hour'`.execute(suite.db);
    const next = await host().leases.acquire("sweep", 60_000);
    expect(next?.fence).to.equal((dead?.fence ?? 0) + 1);
    await next?.release();
  });

  it("grants one of many who ask at the same time", async () => {
    const hosts = Array.from({ length: 8 }, () => host());
    const asked = await Promise.all(hosts.map(({ leases }) => leases.acquire("sweep", 0)));
    expect(asked.filter((lease) => lease !== null)).to.have.length(1);
  });
});
