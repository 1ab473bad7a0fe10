import { silentLogger } from "@molecule/core";
import { atEnd } from "@molecule/test/support/lifetime.js";
import { sql } from "kysely";
import type { Database } from "../../dist/storage/database.js";
import { migrate } from "../../dist/storage/migrate.js";
import { openEmpty, type SuiteDatabase } from "../storage/databases.js";

let shared: Promise<Database> | undefined;

/**
 * The embedded database that all suites of the HTTP layer take turns with: to open one takes longer than most of them.
 * Each test starts with empty tables. Call it after what has to end before the test's last use of the database.
 */
export function useSharedDatabase(): SuiteDatabase {
  let opened: Database | undefined;
  const database = () => {
    if (opened === undefined) throw new Error("the suite's database is open in its tests only");
    return opened;
  };
  before(async function () {
    shared ??= openShared(this);
    opened = await shared;
  });
  beforeEach(async () => {
    await sql`truncate workspaces, events, canvas_viewport, loop_leases, plugin_toggles cascade`.execute(
      database().db,
    );
  });
  afterEach(async () => {
    // An idle Postgres sets a timer (10 s) for statistics that it has yet to report, and the embedded one does so in
    // this process, where the leak check would take it for the test's.
    await sql`select pg_stat_force_next_flush()`.execute(database().db);
  });
  return {
    get database() {
      return database();
    },
    get db() {
      return database().db;
    },
  };
}

async function openShared(ctx: Mocha.Context): Promise<Database> {
  const empty = await openEmpty("pglite", ctx);
  const { database } = empty;
  atEnd(() => empty.end());
  await migrate(database.db, { log: silentLogger });
  return database;
}
