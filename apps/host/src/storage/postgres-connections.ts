import { messageOf, type Logger } from "@molecule/core";
import pg from "pg";
import { storageErrors } from "../errors/storage.js";
import { columnTypes } from "./column-types.js";
import { createPool, type Connections } from "./connections.js";

/** Connections to the server of one host; Postgres allows 100 in all by default. */
const MAX_CONNECTIONS = 10;

/** Bound on one statement, and on a transaction that stands idle: its locks would hold up every other host. In ms. */
const SERVER_TIMEOUT_MS = 30_000;

/** Bounds that differ from a host's. */
type Bounds = Pick<pg.PoolConfig, "max" | "connectionTimeoutMillis" | "statement_timeout" | "query_timeout">;

/**
 * Connects to a Postgres server and makes sure that it answers.
 * @throws DATABASE_URL_INVALID, DATABASE_UNREACHABLE, DATABASE_REFUSED
 */
export async function openPostgresConnections(
  databaseUrl: string,
  log: Logger,
  bounds: Bounds = {},
): Promise<Connections> {
  const server = describeServer(databaseUrl);
  const pool = createPool(
    {
      connectionString: databaseUrl,
      application_name: "molecule",
      max: MAX_CONNECTIONS,
      statement_timeout: SERVER_TIMEOUT_MS,
      idle_in_transaction_session_timeout: SERVER_TIMEOUT_MS,
      keepAlive: true,
      types: columnTypes(),
      ...bounds,
    },
    log,
  );
  try {
    const client = await pool.connect();
    client.release();
  } catch (error) {
    await pool.end();
    throw explain(server, error);
  }
  return { pool, close: () => Promise.resolve() };
}

interface Server {
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

function describeServer(databaseUrl: string): Server {
  if (!URL.canParse(databaseUrl)) {
    throw storageErrors.DATABASE_URL_INVALID({ reason: "found a text that is no URL" });
  }
  const url = new URL(databaseUrl);
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw storageErrors.DATABASE_URL_INVALID({ reason: `found the protocol ${url.protocol}//` });
  }
  try {
    const user = decodeURIComponent(url.username) || (url.searchParams.get("user") ?? "");
    // Decoded only to learn here, and not at the first query, that the driver can.
    decodeURIComponent(url.password);
    return {
      // `?host=/var/run/postgresql` names a socket's folder, as in libpq.
      host: url.searchParams.get("host") ?? (decodeURIComponent(url.hostname) || "localhost"),
      port: url.searchParams.get("port") ?? (url.port || "5432"),
      database: decodeURIComponent(url.pathname.slice(1)) || user,
      user,
    };
  } catch (error) {
    throw storageErrors.DATABASE_URL_INVALID({ reason: "found a % that encodes nothing" }, { cause: error });
  }
}

function explain(server: Server, error: unknown): Error {
  if (error instanceof pg.DatabaseError) {
    return storageErrors.DATABASE_REFUSED(
      { ...server, reason: error.message, sqlState: error.code ?? "unknown" },
      { cause: error },
    );
  }
  const { host, port, database } = server;
  return storageErrors.DATABASE_UNREACHABLE(
    { host, port, database, reason: reasonOf(error) },
    { cause: error },
  );
}

// `localhost` is tried by IPv6 and IPv4; the error for both has a code and no message.
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  if (message !== "") return message;
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
