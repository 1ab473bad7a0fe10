import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger, systemClock } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { usePostgres } from "@molecule/test/support/postgres.js";
import { expect } from "chai";
import { sql } from "kysely";
import type { DataDir } from "../../dist/storage/data-dir.js";
import { openDatabase, type Database } from "../../dist/storage/database.js";
import { freshDataDir, KINDS, openEmpty, type EmptyDatabase } from "./databases.js";
import { failure } from "./failure.js";
import { gate } from "./gate.js";

/** Nobody listens there: the system gives it to no program that asks for a free one, unlike one that was free before. */
const DEAD_PORT = 1;

for (const kind of KINDS) {
  describe(`openDatabase on ${kind}`, () => {
    const clock = new ManualClock();
    let empty: EmptyDatabase | undefined;
    let database: Database;

    beforeEach(async function () {
      empty = await openEmpty(kind, this, { clock });
      ({ database } = empty);
    });
    afterEach(async () => {
      await empty?.end();
      empty = undefined;
    });

    it("reads bigint as a number, timestamptz as a date, bytea as bytes and jsonb as a value", async () => {
      const { rows } = await sql`
        select 9007199254740991::bigint as big, count(*) as n, '2026-01-01T00:00:00Z'::timestamptz as at,
          '\\x00ff'::bytea as bytes, '{"a":[1]}'::jsonb as json, 0.5::float8 as part, true as yes`.execute(
        database.db,
      );
      expect(rows).to.deep.equal([
        {
          big: Number.MAX_SAFE_INTEGER,
          n: 1,
          at: new Date("2026-01-01T00:00:00Z"),
          bytes: Buffer.from([0, 255]),
          json: { a: [1] },
          part: 0.5,
          yes: true,
        },
      ]);
    });

    it("refuses a bigint that a number can't hold, rather than answer a wrong one", async () => {
      const read = sql`select 9007199254740993::bigint as big`.execute(database.db);
      expect(await read.catch(String)).to.equal(
        "RangeError: bigint 9007199254740993 is beyond what a number can hold",
      );
    });

    it("says which kind it is and answers a ping", async () => {
      expect(database.kind).to.equal(kind);
      await database.ping(new AbortController().signal);
      expect(clock.pendingTimers).to.equal(0);
    });

    it("ends a ping that gets no answer after 5 s, and answers the next one", async () => {
      const release = await occupyAllConnections(database);
      try {
        const refused = failure(database.ping(new AbortController().signal));
        await clock.advance(5_000);
        expect(await refused).to.deep.equal({
          code: "DATABASE_NOT_ANSWERING",
          message: "the database has not answered within 5000 ms; check that it runs and is not overloaded",
        });
      } finally {
        await release();
      }
      await database.ping(new AbortController().signal);
    });

    it("ends a ping with the reason of its signal", async () => {
      const controller = new AbortController();
      const release = await occupyAllConnections(database);
      try {
        const ping = database.ping(controller.signal).catch(String);
        controller.abort(new Error("no longer asked for"));
        expect(await ping).to.equal("Error: no longer asked for");
        expect(await database.ping(controller.signal).catch(String)).to.equal("Error: no longer asked for");
        expect(clock.pendingTimers).to.equal(0);
      } finally {
        await release();
      }
    });

    it("closes before its first query, and twice", async () => {
      await database.close();
      await database.close();
    });
  });
}

describe("openDatabase on an embedded database", function () {
  this.timeout(240_000);
  let dataDir: DataDir;

  beforeEach(async () => {
    dataDir = await freshDataDir();
  });
  afterEach(async () => {
    await dataDir.close();
  });

  const open = (log = silentLogger) => openDatabase({ databaseUrl: null, dataDir, log, clock: systemClock });

  it("keeps its rows, and says in the log what it survives", async () => {
    const first = await open();
    await sql`create table kept (n integer)`.execute(first.db);
    await sql`insert into kept values (7)`.execute(first.db);
    await first.close();
    const log = new RecordingLogger();
    const second = await open(log);
    expect((await sql`select n from kept`.execute(second.db)).rows).to.deep.equal([{ n: 7 }]);
    await second.close();
    expect(log.lines).to.deep.equal([
      {
        level: "info",
        message:
          "embedded database open: it survives a crash of this process but not of the power; set DATABASE_URL to a Postgres server for more",
        fields: { path: dataDir.path },
      },
    ]);
  });

  it("makes a database anew whose making was cut short", async () => {
    const folder = join(dataDir.path, "database");
    await mkdir(folder);
    await writeFile(join(folder, "PG_VERSION"), "18\n");
    await writeFile(join(dataDir.path, "database.initializing"), "");
    const database = await open();
    await database.ping(new AbortController().signal);
    await database.close();
    expect(existsSync(join(dataDir.path, "database.initializing"))).to.equal(false);
  });

  it("refuses a broken database that was in use before, and touches nothing of it", async () => {
    const folder = join(dataDir.path, "database");
    await mkdir(folder);
    await writeFile(join(folder, "PG_VERSION"), "18\n");
    const refused = await failure(open());
    expect(refused.code).to.equal("EMBEDDED_DATABASE_UNREADABLE");
    expect(refused.message).to.contain(`the embedded database in ${folder} can't be opened: `);
    expect(await readFile(join(folder, "PG_VERSION"), "utf8")).to.equal("18\n");
  });
});

describe("openDatabase on a server", () => {
  let dataDir: DataDir;
  let empty: EmptyDatabase | undefined;

  beforeEach(async () => {
    dataDir = await freshDataDir();
  });
  afterEach(async () => {
    await dataDir.close();
    await empty?.end();
    empty = undefined;
  });

  const open = (databaseUrl: string, log = silentLogger) =>
    openDatabase({ databaseUrl, dataDir, log, clock: systemClock });

  it("tells where it found no server, without the password", async () => {
    expect(await failure(open(`postgres://me:hunter2@127.0.0.1:${DEAD_PORT}/mine`))).to.deep.equal({
      code: "DATABASE_UNREACHABLE",
      message: `no Postgres server answers at 127.0.0.1, port ${DEAD_PORT}, for the database "mine" of DATABASE_URL: connect ECONNREFUSED 127.0.0.1:${DEAD_PORT}; start the server or correct the address, or unset DATABASE_URL to run on the embedded database`,
    });
  });

  it("gives the cause also where a host name stands for several addresses", async () => {
    const { message } = await failure(open(`postgres://me@localhost:${DEAD_PORT}/mine`));
    expect(message).to.match(/of DATABASE_URL: .*ECONNREFUSED/);
  });

  it("tells what a server refused, without the password", async function () {
    const url = new URL((await usePostgres(this)).url);
    url.pathname = "/no_such_database";
    url.password = "hunter2";
    const { code, message } = await failure(open(url.href));
    expect(code).to.equal("DATABASE_REFUSED");
    expect(message)
      .to.contain(`the database "no_such_database" of DATABASE_URL: `)
      .and.contain("(SQLSTATE 3D000)")
      .and.not.contain("hunter2");
  });

  for (const [url, reason] of [
    ["not a url", "found a text that is no URL"],
    ["postgres://me:pa#ss@host/db", "found a text that is no URL"],
    ["mysql://host/db", "found the protocol mysql://"],
    ["postgres://me:100%@host/db", "found a % that encodes nothing"],
  ] as const) {
    it(`refuses ${url} as DATABASE_URL, without showing it`, async () => {
      expect(await failure(open(url))).to.deep.equal({
        code: "DATABASE_URL_INVALID",
        message: `DATABASE_URL: ${reason}, allowed: postgres://user:password@host:port/database, with characters such as # / ? @ in the user or password percent-encoded (# is %23)`,
      });
    });
  }

  it("bounds statements and idle transactions on the server", async function () {
    empty = await openEmpty("postgres", this);
    const { database } = empty;
    const { rows } = await sql`
      select current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle`.execute(database.db);
    expect(rows).to.deep.equal([{ statement: "30s", idle: "30s" }]);
  });

  it("survives the loss of a connection in the middle of a transaction, and of idle ones", async function () {
    const log = new RecordingLogger();
    empty = await openEmpty("postgres", this, { log });
    const { database } = empty;
    const lost = database.db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
      await sql`select 1`.execute(trx);
    });
    expect(await lost.then(() => "went well", String)).to.not.equal("went well");
    await Promise.all([database.ping(new AbortController().signal), sql`select 1`.execute(database.db)]);
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(database.db);
    await eventually(() => log.lines.some((line) => line.message.startsWith("lost an idle connection")));
    await database.ping(new AbortController().signal);
  });

  it("answers again when the server was stopped and is back", async function () {
    const server = await usePostgres(this, { own: true });
    const { url } = await server.freshDatabase();
    const database = await open(url);
    const ping = () => database.ping(new AbortController().signal);
    await ping();
    await server.stop();
    expect(await ping().then(() => "answered", String)).to.not.equal("answered");
    await server.start();
    await ping();
    await database.close();
    await server.stop();
  });
});

/** Takes connections until a further query has to wait; answers what gives them back. */
async function occupyAllConnections(database: Database): Promise<() => Promise<void>> {
  const connections = database.kind === "pglite" ? 1 : 10;
  const released = gate();
  const taken = Array.from({ length: connections }, () => {
    const started = gate();
    const done = database.db.connection().execute(async () => {
      started.open();
      await released.passed;
    });
    return { started: started.passed, done };
  });
  await Promise.all(taken.map((each) => each.started));
  return async () => {
    released.open();
    await Promise.all(taken.map((each) => each.done));
  };
}
