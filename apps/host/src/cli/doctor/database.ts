import { existsSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@molecule/core";
import { Kysely, PostgresDialect, sql } from "kysely";
import type { HostConfig } from "../../config/config.js";
import { storageErrors } from "../../errors/storage.js";
import { readMigrations } from "../../storage/migrate.js";
import { openPostgresConnections } from "../../storage/postgres-connections.js";
import { PluginToggleStore } from "../../storage/plugin-toggle-store.js";
import { QueryPool } from "../../storage/query-pool.js";
import type { DatabaseSchema } from "../../storage/schema.js";
import { findingOf, type Finding } from "./check.js";

/** Ms for each step; with them no connection outlives the check by much. */
const STEP_TIMEOUT_MS = 4_000;

/** Whether the database answers, and whether this version can use it. Changes nothing. */
export async function checkDatabase(
  config: Pick<HostConfig, "databaseUrl" | "dataDir" | "environment">,
): Promise<Finding> {
  const { databaseUrl } = config;
  return databaseUrl === null ? embedded(config) : await onServer(databaseUrl);
}

/**
 * What was toggled at run time, as the next boot finds it. None where that can't be told: in an embedded database, which
 * is not opened, and in one that does not answer or has no tables yet, which {@link checkDatabase} tells.
 */
export async function readToggles({
  databaseUrl,
}: Pick<HostConfig, "databaseUrl">): Promise<ReadonlyMap<string, boolean>> {
  if (databaseUrl === null) return new Map();
  try {
    return await withServer(databaseUrl, (db) => new PluginToggleStore({ db }).all());
  } catch {
    return new Map();
  }
}

/** Only looked at from outside: opening it would write, and belongs to the one host that holds the data folder. */
function embedded({ dataDir, environment }: Pick<HostConfig, "dataDir" | "environment">): Finding {
  const path = join(dataDir, "database");
  const finding = existsSync(join(path, "PG_VERSION"))
    ? `embedded, in ${path}; not opened`
    : `embedded; the first start makes it in ${path}`;
  if (environment === "development") return { status: "ok", finding };
  return {
    status: "warn",
    finding,
    hint: "it survives a crash of the host but not of the power: set DATABASE_URL to a Postgres server",
  };
}

async function onServer(databaseUrl: string): Promise<Finding> {
  return await withServer(databaseUrl, async (db) => {
    const { rows } = await sql<{ server_version: string }>`show server_version`.execute(db);
    const server = `Postgres ${rows[0]?.server_version ?? ""} answers`;
    const { ran, pending, unknown } = await readMigrations(db);
    if (unknown.length > 0) return findingOf(storageErrors.DATABASE_TOO_NEW({ migrations: unknown }));
    if (pending.length === 0) return { status: "ok", finding: `${server}, all ${ran.length} migrations ran` };
    if (ran.length === 0) {
      return { status: "ok", finding: `${server}; it is empty, the first start makes its tables` };
    }
    return {
      status: "warn",
      finding: `${server}; migrations that have not run: ${pending.join(", ")}`,
      hint: "the next start runs them; have a backup, since an older version refuses the database afterwards",
    };
  });
}

async function withServer<T>(
  databaseUrl: string,
  work: (db: Kysely<DatabaseSchema>) => Promise<T>,
): Promise<T> {
  const connections = await openPostgresConnections(databaseUrl, silentLogger, {
    max: 1,
    connectionTimeoutMillis: STEP_TIMEOUT_MS,
    statement_timeout: STEP_TIMEOUT_MS,
    query_timeout: STEP_TIMEOUT_MS,
  });
  const db = new Kysely<DatabaseSchema>({
    dialect: new PostgresDialect({ pool: new QueryPool(connections.pool) }),
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
