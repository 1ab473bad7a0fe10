import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { createPgConfig } from "@electric-sql/pglite/node-postgres";
import { messageOf, type Logger } from "@molecule/core";
import pg from "pg";
import { storageErrors } from "../errors/storage.js";
import { columnTypes } from "./column-types.js";
import { createPool, type Connections } from "./connections.js";
import type { DataDir } from "./data-dir.js";

/**
 * Opens the embedded database in `<data folder>/database`, making it at the first start. It takes the held
 * {@link DataDir} and no path: PGlite has no lock of its own, and two processes on one folder lose each other's rows.
 * @throws EMBEDDED_DATABASE_UNREADABLE
 */
export async function openPgliteConnections(dataDir: DataDir, log: Logger): Promise<Connections> {
  const lite = await openLite(join(dataDir.path, "database"), join(dataDir.path, "database.initializing"));
  const types = columnTypes();
  // The adapter's connection object serves one client's life; a pool that replaces a client needs a new one.
  class LiteClient extends pg.Client {
    constructor() {
      super(Object.assign(createPgConfig(lite), { types }));
    }
  }
  return {
    // One session is all that PGlite has. A query on the database from inside a transaction would wait for itself:
    // the pool's timeout turns that into an error. No idle timeout, since there is nothing to give back.
    pool: createPool({ Client: LiteClient, max: 1, idleTimeoutMillis: 0 }, log),
    close: () => lite.close(),
  };
}

// The marker stands while the folder is being made. Found at a start, it proves that the folder was never used and
// may be made anew; without it the folder is never touched, however broken it looks.
async function openLite(folder: string, marker: string): Promise<PGlite> {
  if (existsSync(marker)) await rm(folder, { recursive: true, force: true });
  const fresh = !existsSync(folder);
  if (fresh) await writeFile(marker, "", { mode: 0o600 });
  try {
    const lite = await PGlite.create({ dataDir: folder });
    if (fresh) await rm(marker);
    return lite;
  } catch (error) {
    throw storageErrors.EMBEDDED_DATABASE_UNREADABLE(
      { path: folder, reason: messageOf(error) },
      { cause: error },
    );
  }
}
