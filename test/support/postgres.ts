import { randomUUID } from "node:crypto";
import pg from "pg";
import { supportErrors } from "./errors.js";
import { atEnd } from "./lifetime.js";
import { findPostgresBinaries } from "./postgres-binaries.js";
import { createCluster, type Cluster } from "./postgres-cluster.js";
import { recordDatabaseAt } from "./secret-watch/database-rows.js";
import { plantSecretsOf } from "./secret-watch.js";
import { skipFor } from "./skip.js";

/** A database of its own for one test. */
export interface FreshDatabase {
  readonly url: string;
  /** Removes it and cuts who is still connected; twice is fine. What is not dropped goes when the tests end. */
  drop(): Promise<void>;
}

/** A real Postgres server. */
export interface Postgres {
  /** Of its maintenance database, with the right to create databases. */
  readonly url: string;
  /** Started by the tests; `false` for one that was found. */
  readonly private: boolean;
  /** A new, empty database, or a copy of `template` (to which nobody may be connected). */
  freshDatabase(options?: { readonly template?: string }): Promise<FreshDatabase>;
  /**
   * Stops the server, cutting every connection; for fault tests.
   *
   * @throws POSTGRES_NOT_OURS for one that was found.
   */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
}

let shared: Promise<Postgres | string> | undefined;

/**
 * The Postgres server of this test process: `TEST_DATABASE_URL` (or `DATABASE_URL_TEST`) when set, else a private
 * one made from the machine's binaries at the first call (as root they run as user postgres; with `CI=true` on
 * Debian they are installed). Without one the test or suite is skipped, and with `CI=true` failed.
 *
 * @param options - `own`: a further server that nobody else uses, for tests that stop it.
 */
export async function usePostgres(
  ctx: Mocha.Context,
  options: { readonly own?: boolean } = {},
): Promise<Postgres> {
  ctx.timeout(300_000);
  const postgres = await postgresOrReason(options);
  if (typeof postgres === "string") return skipFor(ctx, "Postgres", postgres);
  return postgres;
}

/** As {@link usePostgres} outside of mocha: without a server it answers why there is none. */
export async function postgresOrReason(options: { readonly own?: boolean } = {}): Promise<Postgres | string> {
  return await (options.own === true ? startPrivate() : (shared ??= findOrStart()));
}

async function findOrStart(): Promise<Postgres | string> {
  const url = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL_TEST;
  return url === undefined || url === "" ? await startPrivate() : describe(url, undefined);
}

async function startPrivate(): Promise<Postgres | string> {
  const binaries = await findPostgresBinaries();
  if (typeof binaries === "string") return binaries;
  const cluster = await createCluster(binaries);
  return describe(cluster.url, cluster);
}

function describe(url: string, cluster: Cluster | undefined): Postgres {
  const ours = (action: string): Cluster => {
    if (cluster === undefined) throw supportErrors.POSTGRES_NOT_OURS({ action });
    return cluster;
  };
  return {
    url,
    private: cluster !== undefined,
    freshDatabase: async ({ template } = {}) => {
      const name = `molecule_test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
      const copied = template === undefined ? "" : ` TEMPLATE ${pg.escapeIdentifier(databaseName(template))}`;
      await execute(url, `CREATE DATABASE ${name}${copied}`);
      const databaseUrl = withDatabase(url, name);
      plantSecretsOf({ DATABASE_URL: databaseUrl }, "a database");
      let dropped = false;
      const drop = async (): Promise<void> => {
        if (!dropped) await recordDatabaseAt(databaseUrl);
        dropped = true;
        await execute(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      };
      // A private server goes as a whole.
      atEnd(cluster === undefined ? drop : async () => await recordDatabaseAt(databaseUrl));
      return { url: databaseUrl, drop };
    },
    stop: async () => await ours("stop()").stop(),
    start: async () => await ours("start()").start(),
  };
}

/** A template may be given by its URL, as {@link FreshDatabase} has it, or by its bare name. */
function databaseName(template: string): string {
  return template.includes("://") ? new URL(template).pathname.slice(1) : template;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
