import { defineErrors } from "@molecule/core";

/** Who holds a data folder, as its lock file tells; null where that could not be read. */
export interface DataDirHolder {
  readonly pid: number;
  readonly hostname: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

/** Errors of the data folder and of the database. */
export const storageErrors = defineErrors({
  DATA_DIR_LOCKED: (d: { path: string; holder: DataDirHolder | null }) =>
    `the data folder ${d.path} is in use by ${
      d.holder === null
        ? "another host that has not yet written down who it is"
        : `another host: process ${d.holder.pid} on ${d.holder.hostname}, since ${d.holder.startedAt}`
    }; stop that one, or set MOLECULE_DATA_DIR to another folder`,
  DATA_DIR_UNUSABLE: (d: { path: string; reason: string }) =>
    `can't use the data folder ${d.path}: ${d.reason}; set MOLECULE_DATA_DIR to a folder on a local disk that this user may create and write`,
  DATA_DIR_FILE_INVALID: (d: { path: string; found: string; allowed: string }) =>
    `${d.path}: found ${d.found}, allowed: ${d.allowed}; put that in, or delete the file to have a new one made`,
  DATABASE_URL_INVALID: (d: { reason: string }) =>
    `DATABASE_URL: ${d.reason}, allowed: postgres://user:password@host:port/database, with characters such as # / ? @ in the user or password percent-encoded (# is %23)`,
  DATABASE_UNREACHABLE: (d: { host: string; port: string; database: string; reason: string }) =>
    `no Postgres server answers at ${d.host}, port ${d.port}, for the database "${d.database}" of DATABASE_URL: ${d.reason}; start the server or correct the address, or unset DATABASE_URL to run on the embedded database`,
  DATABASE_REFUSED: (d: {
    host: string;
    port: string;
    database: string;
    user: string;
    reason: string;
    sqlState: string;
  }) =>
    `the Postgres server at ${d.host}, port ${d.port}, refused the user "${d.user}" the database "${d.database}" of DATABASE_URL: ${d.reason} (SQLSTATE ${d.sqlState}); correct user, password and database name, or make them on the server`,
  DATABASE_NOT_ANSWERING: (d: { timeoutMs: number }) =>
    `the database has not answered within ${d.timeoutMs} ms; check that it runs and is not overloaded`,
  DATABASE_TOO_NEW: (d: { migrations: readonly string[] }) =>
    `the database was made by a newer version, which ran migrations that this one does not know: ${d.migrations.join(", ")}; start that version or a later one, or restore a backup from before it`,
  DATABASE_MIGRATION_FAILED: (d: { migration: string | null; reason: string }) =>
    `${d.migration === null ? "the database can't be migrated" : `migration ${d.migration} of the database failed`}: ${d.reason}; nothing of it was applied: put that right and start again`,
  EMBEDDED_DATABASE_UNREADABLE: (d: { path: string; reason: string }) =>
    `the embedded database in ${d.path} can't be opened: ${d.reason}; restore that folder from a backup, or move it away to start empty`,
});
