import { messageOf, type Logger } from "@molecule/core";
import { Migrator, sql, type MigrationResultSet } from "kysely";
import { storageErrors } from "../errors/storage.js";
import { migrations } from "./migrations/index.js";
import type { Executor } from "./schema.js";

/**
 * Brings the database to this version's schema; forward only, all in one transaction, and safe to run again. Hosts
 * that start at the same time take turns under Kysely's advisory lock, so each migration runs once.
 * @returns the names of the migrations that this call ran
 * @throws DATABASE_TOO_NEW, DATABASE_MIGRATION_FAILED
 */
export function migrate(db: Executor, services: { log: Logger }): Promise<readonly string[]> {
  return db.connection().execute(async (connection) => {
    // A migration of a large table, or the wait for another host's, may well take longer than a request may.
    await sql`set statement_timeout = 0`.execute(connection);
    const outcome = await new Migrator({
      db: connection,
      provider: { getMigrations: () => Promise.resolve(migrations) },
    }).migrateToLatest();
    if (outcome.error !== undefined) throw await explain(connection, outcome);
    await sql`reset statement_timeout`.execute(connection);
    const ran = (outcome.results ?? []).map((each) => each.migrationName);
    if (ran.length > 0) services.log.info("database migrated", { migrations: ran });
    return ran;
  });
}

// Asked after the failure and not before the migrator runs: a newer host may migrate in between.
async function explain(db: Executor, outcome: MigrationResultSet): Promise<Error> {
  const { unknown } = await readMigrations(db).catch(() => ({ unknown: [] }));
  if (unknown.length > 0) return storageErrors.DATABASE_TOO_NEW({ migrations: unknown });
  const failed = outcome.results?.find((each) => each.status === "Error");
  return storageErrors.DATABASE_MIGRATION_FAILED(
    { migration: failed?.migrationName ?? null, reason: messageOf(outcome.error) },
    { cause: outcome.error },
  );
}

/** Names of migrations, in the order that they run. */
export interface MigrationState {
  readonly ran: readonly string[];
  readonly pending: readonly string[];
  /** Ran, but this version does not know them. */
  readonly unknown: readonly string[];
}

/** Which migrations have run; changes nothing. */
export async function readMigrations(db: Executor): Promise<MigrationState> {
  const table = await sql<{
    name: string | null;
  }>`select to_regclass('kysely_migration')::text as name`.execute(db);
  const { rows } =
    (table.rows[0]?.name ?? null) === null
      ? { rows: [] }
      : await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const ran = rows.map(({ name }) => name);
  return {
    ran,
    pending: Object.keys(migrations)
      .filter((name) => !ran.includes(name))
      .sort(),
    unknown: ran.filter((name) => !Object.hasOwn(migrations, name)),
  };
}
