import { randomUUID } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger, systemClock, type Clock, type Logger } from "@molecule/core";
import { usePostgres } from "@molecule/test/support/postgres.js";
import { recordRows } from "@molecule/test/support/secret-watch/database-rows.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { sql } from "kysely";
import { openDataDir, type DataDir } from "../../dist/storage/data-dir.js";
import { openDatabase, type Database } from "../../dist/storage/database.js";
import { migrate } from "../../dist/storage/migrate.js";
import { systemRandom } from "../../dist/storage/random.js";
import type { Executor, NewWorkspaceRow } from "../../dist/storage/schema.js";

/** Everything that is stored must behave alike on both. */
export const KINDS = ["pglite", "postgres"] as const;
export type DatabaseKind = (typeof KINDS)[number];

/** A database of a suite, open between its `before` and `after` hooks. */
export interface SuiteDatabase {
  readonly database: Database;
  readonly db: Executor;
}

interface OpenOptions {
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A data folder in a temporary place. */
export async function freshDataDir(): Promise<DataDir> {
  return await openDataDir(join(await tempDir(), "data"), {
    log: silentLogger,
    clock: systemClock,
    random: systemRandom,
  });
}

/** A new database without tables. */
export interface EmptyDatabase {
  readonly database: Database;
  /** Opens it once more; on `pglite` only when it is closed, on a server as another host would. */
  open(): Promise<Database>;
  /** Closes what is open and removes the database. */
  end(): Promise<void>;
}

/** Makes a database and opens it. */
export async function openEmpty(
  kind: DatabaseKind,
  ctx: Mocha.Context,
  { log = silentLogger, clock = systemClock }: OpenOptions = {},
): Promise<EmptyDatabase> {
  // The first embedded one is made from nothing.
  ctx.timeout(240_000);
  const fresh = kind === "postgres" ? await (await usePostgres(ctx)).freshDatabase() : undefined;
  const dataDir = await freshDataDir();
  if (kind === "pglite") await cp(await emptyPglite(), join(dataDir.path, "database"), { recursive: true });
  const opened: Database[] = [];
  const open = async () => {
    const database = await openDatabase({ databaseUrl: fresh?.url ?? null, dataDir, log, clock });
    opened.push(database);
    return database;
  };
  return {
    database: await open(),
    open,
    end: async () => {
      for (const database of opened) await database.close();
      await dataDir.close();
      await fresh?.drop();
    },
  };
}

/**
 * A migrated database for the suite around; each of its tests starts with empty tables. On a server each test has its
 * own connections: which of them a pool keeps open is no test's business.
 */
export function useDatabase(kind: DatabaseKind): SuiteDatabase {
  let empty: EmptyDatabase | undefined;
  let current: Database | undefined;
  const database = () => {
    if (current === undefined) throw new Error("the suite's database is open in its tests only");
    return current;
  };
  before(async function () {
    empty = await openEmpty(kind, this);
    current = empty.database;
    await migrate(current.db, { log: silentLogger });
    if (kind === "postgres") await current.close();
  });
  beforeEach(async () => {
    if (kind === "postgres") current = await empty?.open();
    await sql`truncate installation, workspaces, events, canvas_viewport, org_tokens, secrets cascade`.execute(
      database().db,
    );
  });
  afterEach(async () => {
    await recordStored(current);
    if (kind === "postgres") await current?.close();
  });
  after(async () => {
    await empty?.end();
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

/** Lets the watch over secrets look at what a test has stored; a database that it closed or broke has no more to say. */
export async function recordStored(database: Database | undefined): Promise<void> {
  if (database === undefined) return;
  await recordRows("a suite's database", async (statement) => {
    const { rows } = await sql.raw<Record<string, unknown>>(statement).execute(database.db);
    return rows;
  }).catch(() => undefined);
}

/** Inserts a workspace that is online, and answers its id. */
export async function addWorkspace(db: Executor, values: Partial<NewWorkspaceRow> = {}): Promise<string> {
  const id = values.id ?? randomUUID();
  await db
    .insertInto("workspaces")
    .values({ name: "Test", tier: 2, status: "online", runtime: "demo", ...values, id })
    .execute();
  return id;
}

// Making an embedded database takes seconds, copying one a fraction of that.
let made: Promise<string> | undefined;

function emptyPglite(): Promise<string> {
  made ??= makeEmptyPglite();
  return made;
}

async function makeEmptyPglite(): Promise<string> {
  const dataDir = await freshDataDir();
  const database = await openDatabase({
    databaseUrl: null,
    dataDir,
    log: silentLogger,
    clock: systemClock,
  });
  await database.close();
  await dataDir.close();
  return join(dataDir.path, "database");
}
