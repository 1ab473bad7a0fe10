import type { Clock, Logger } from "@molecule/core";
import { Kysely, PostgresDialect, sql } from "kysely";
import { storageErrors } from "../errors/storage.js";
import type { Connections } from "./connections.js";
import type { DataDir } from "./data-dir.js";
import { openPostgresConnections } from "./postgres-connections.js";
import { QueryPool } from "./query-pool.js";
import type { DatabaseSchema } from "./schema.js";

/** The open database. */
export interface Database {
  /** Runs queries. On `pglite` it has one connection: inside a transaction use the transaction only. */
  readonly db: Kysely<DatabaseSchema>;
  readonly kind: "postgres" | "pglite";
  /**
   * Resolves when the database answers; waits 5 s at most.
   * @throws DATABASE_NOT_ANSWERING, the signal's reason, or the driver's error
   */
  ping(signal: AbortSignal): Promise<void>;
  /** Waits for running queries and ends every connection. Calling it again does nothing. */
  close(): Promise<void>;
}

/** What {@link openDatabase} needs. */
export interface DatabaseOptions {
  /** Null: the embedded database in `dataDir`. */
  readonly databaseUrl: string | null;
  /** Null only with a `databaseUrl`. */
  readonly dataDir: DataDir | null;
  readonly log: Logger;
  readonly clock: Clock;
}

const PING_TIMEOUT_MS = 5_000;

/**
 * Opens the Postgres of `databaseUrl`, or the embedded one; both by one driver and one dialect.
 * @throws DATABASE_URL_INVALID, DATABASE_UNREACHABLE, DATABASE_REFUSED, EMBEDDED_DATABASE_UNREADABLE
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, log, clock } = options;
  if (databaseUrl !== null) {
    return new OpenDatabase("postgres", await openPostgresConnections(databaseUrl, log), clock);
  }
  if (dataDir === null) throw new Error("the embedded database needs the data folder that holds it");
  // Loaded on demand: a host on a Postgres server need not pay for the embedded one.
  const { openPgliteConnections } = await import("./pglite-connections.js");
  const connections = await openPgliteConnections(dataDir, log);
  log.info(
    "embedded database open: it survives a crash of this process but not of the power; set DATABASE_URL to a Postgres server for more",
    { path: dataDir.path },
  );
  return new OpenDatabase("pglite", connections, clock);
}

class OpenDatabase implements Database {
  readonly db: Kysely<DatabaseSchema>;
  readonly kind: Database["kind"];
  readonly #connections: Connections;
  readonly #clock: Clock;
  #pinging: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(kind: Database["kind"], connections: Connections, clock: Clock) {
    this.db = new Kysely<DatabaseSchema>({
      dialect: new PostgresDialect({ pool: new QueryPool(connections.pool) }),
    });
    this.kind = kind;
    this.#connections = connections;
    this.#clock = clock;
  }

  ping(signal: AbortSignal): Promise<void> {
    // Shared by all who ask meanwhile: while the database hangs, questions must not use up the connections.
    this.#pinging ??= sql`select 1`.execute(this.db).then(
      () => {
        this.#pinging = undefined;
      },
      (error: unknown) => {
        this.#pinging = undefined;
        throw error;
      },
    );
    return this.#within(this.#pinging, signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const { pool } = this.#connections;
    await this.db.destroy();
    // Kysely takes the pool at its first query only, and ends no pool that it has not taken.
    if (!pool.ending) await pool.end();
    await this.#connections.close();
  }

  #within(work: Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        cancel();
        signal.removeEventListener("abort", abort);
        settle();
      };
      const fail = (error: unknown) => {
        end(() => {
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      };
      const abort = () => {
        fail(signal.reason);
      };
      const cancel = this.#clock.timer(() => {
        fail(storageErrors.DATABASE_NOT_ANSWERING({ timeoutMs: PING_TIMEOUT_MS }));
      }, PING_TIMEOUT_MS);
      work.then(() => {
        end(resolve);
      }, fail);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
  }
}
