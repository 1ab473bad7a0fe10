import { silentLogger } from "@molecule/core";
import { atEnd } from "@molecule/test/support/lifetime.js";
import { postgresOrReason } from "@molecule/test/support/postgres.js";
import { sql } from "kysely";
import type { Database } from "../../dist/storage/database.js";
import { migrate } from "../../dist/storage/migrate.js";
import { openEmpty, recordStored, type EmptyDatabase, type SuiteDatabase } from "../storage/databases.js";

let onServer: Promise<EmptyDatabase | null> | undefined;

/**
 * A database for the suite around; each of its tests starts with empty tables. All suites take turns with one on a
 * server; where there is no server, each has an embedded one. The server comes first, since the embedded database runs
 * in this process and sets timers of its own at any time, which the leak check would take for the test's.
 *
 * Call it after what has to end before the test's database is closed.
 */
export function useSharedDatabase(): SuiteDatabase {
  let shared: EmptyDatabase | null = null;
  let embedded: EmptyDatabase | null = null;
  let current: Database | undefined;
  const database = () => {
    if (current === undefined) throw new Error("the suite's database is open in its tests only");
    return current;
  };
  before(async function () {
    // The first suite may have to install the server and make its cluster.
    this.timeout(300_000);
    onServer ??= openOnServer(this);
    shared = await onServer;
    if (shared !== null) return;
    embedded = await openEmpty("pglite", this);
    await migrate(embedded.database.db, { log: silentLogger });
  });
  beforeEach(async () => {
    current = embedded?.database ?? (await shared?.open());
    await sql`truncate workspaces, events, canvas_viewport, loop_leases, plugin_toggles, org_tokens, secrets cascade`.execute(
      database().db,
    );
  });
  afterEach(async () => {
    await recordStored(current);
    if (shared !== null) await current?.close();
  });
  after(() => embedded?.end());
  return {
    get database() {
      return database();
    },
    get db() {
      return database().db;
    },
  };
}

/** Null where there is no server. */
async function openOnServer(ctx: Mocha.Context): Promise<EmptyDatabase | null> {
  if (typeof (await postgresOrReason()) === "string") return null;
  const empty = await openEmpty("postgres", ctx);
  atEnd(() => empty.end());
  await migrate(empty.database.db, { log: silentLogger });
  await empty.database.close();
  return empty;
}
