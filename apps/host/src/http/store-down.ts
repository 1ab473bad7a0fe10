import { isCodedError } from "@molecule/core";

/** Coded errors that say that the database does not answer. */
const CODES: ReadonlySet<string> = new Set(["DATABASE_UNREACHABLE", "DATABASE_NOT_ANSWERING"]);

/** What Node reports when a connection can't be made or breaks (errno(3)). */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/**
 * SQLSTATEs of a server that can't serve now (PostgreSQL, appendix A): query_canceled (the statement took too long),
 * admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_in_transaction_session_timeout,
 * too_many_connections. Class 08 is "connection exception".
 */
const SQL_STATES: ReadonlySet<string> = new Set([
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "57P04",
  "25P03",
  "53300",
]);

/** What node-postgres says, without a code, of a connection that is not there. */
const DRIVER_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;

/**
 * Whether an error says that the database is out of reach, as against one that says that the query was wrong. A coded
 * error is taken at its word and never looked into: the engine's client, too, fails with ECONNREFUSED.
 */
export function isStoreDown(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (isCodedError(error)) return CODES.has(code);
  if (NETWORK_CODES.has(code) || SQL_STATES.has(code) || /^08[0-9A-Z]{3}$/.test(code)) return true;
  if (code === "ENOENT") return "syscall" in error && error.syscall === "connect";
  return DRIVER_MESSAGE.test(error.message);
}
