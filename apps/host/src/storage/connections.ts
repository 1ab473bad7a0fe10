import { messageOf, type Logger } from "@molecule/core";
import pg from "pg";

/** The connections of one database. */
export interface Connections {
  readonly pool: pg.Pool;
  /** Frees what the pool ran on, once the pool has ended. */
  close(): Promise<void>;
}

/** How long a query waits for a free connection, or for a new one to be made, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A pool whose connections may break at any time without ending the process. */
export function createPool(config: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool({ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, ...config });
  // An "error" event that nobody listens to ends the process. The pool forgets the connection and makes a new one.
  pool.on("error", (error) => {
    log.warn("lost an idle connection to the database", { reason: messageOf(error) });
  });
  // The pool listens to idle connections only. One that breaks while it is out, also between two statements of a
  // transaction, rejects the statement at hand or the next one: its user is told, there is nothing more to do.
  pool.on("connect", (client) => {
    client.on("error", () => undefined);
  });
  return pool;
}
