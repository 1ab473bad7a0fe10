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
  const unknown = await unknownMigrations(db).catch(() => []);
  if (unknown.length > 0) return storageErrors.DATABASE_TOO_NEW({ migrations: unknown });
  const failed = outcome.results?.find((each) => each.status === "Error");
  return storageErrors.DATABASE_MIGRATION_FAILED(
    { migration: failed?.migrationName ?? null, reason: messageOf(outcome.error) },
    { cause: outcome.error },
  );
}

async function unknownMigrations(db: Executor): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((row) => row.name).filter((name) => !Object.hasOwn(migrations, name));
}
