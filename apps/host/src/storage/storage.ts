import type { Clock, LeaseProvider, Logger } from "@molecule/core";
import type { HostConfig } from "../config/config.js";
import { StopStack } from "../stop-stack.js";
import { openDataDir } from "./data-dir.js";
import { openDatabase, type Database } from "./database.js";
import { EnvLedgerStore } from "./env-ledger-store.js";
import { EventLog } from "./event-log.js";
import { readInstanceId } from "./installation.js";
import { DatabaseLeases } from "./loop-leases.js";
import { migrate } from "./migrate.js";
import { PluginToggleStore } from "./plugin-toggle-store.js";
import { OrgTokenStore } from "./org-token-store.js";
import { systemRandom } from "./random.js";
import { TokenStore } from "./token-store.js";
import { WorkspaceStore } from "./workspace-store.js";

/** Everything that lasts, open. */
export interface Storage {
  readonly database: Database;
  /** UUID of this installation, the same on every host that shares the database. */
  readonly instanceId: string;
  /** UUID of this host, kept in its data folder. */
  readonly hostId: string;
  /** Absolute. */
  readonly dataDir: string;
  /** The admin token that was generated, where one is needed and `ADMIN_TOKEN` is unset; else null. */
  readonly generatedAdminToken: string | null;
  readonly events: EventLog;
  readonly tokens: TokenStore;
  readonly orgTokens: OrgTokenStore;
  readonly workspaces: WorkspaceStore;
  readonly ledgers: EnvLedgerStore;
  readonly toggles: PluginToggleStore;
  readonly leases: LeaseProvider;
  /** Ends every connection and gives the data folder back. */
  close(): Promise<void>;
}

/**
 * Takes the data folder, opens the database and brings its tables up to date.
 * @throws a coded error of the data folder, the database or the migrations; nothing stays open then
 */
export async function openStorage(
  config: HostConfig,
  services: { log: Logger; clock: Clock },
): Promise<Storage> {
  const { log, clock } = services;
  const random = systemRandom;
  const opened = new StopStack(log);
  try {
    const dataDir = await openDataDir(config.dataDir, { log, clock, random });
    opened.push("data folder", () => dataDir.close());
    const database = await openDatabase({ databaseUrl: config.databaseUrl, dataDir, log, clock });
    opened.push("database", () => database.close());
    await migrate(database.db, { log });
    const { db } = database;
    const instanceId = await readInstanceId(db, () => random.uuid());
    const tokens = new TokenStore({ db, random, log });
    const orgTokens = new OrgTokenStore({ db, random, log });
    opened.push("tokens", async () => {
      await Promise.all([tokens.settle(), orgTokens.settle()]);
    });
    const leases = new DatabaseLeases({ db, hostId: dataDir.hostId, clock, log });
    opened.push("leases", () => leases.releaseAll());
    const needsAdminToken = config.environment !== "development" && config.adminToken === null;
    return {
      database,
      instanceId,
      hostId: dataDir.hostId,
      dataDir: dataDir.path,
      generatedAdminToken: needsAdminToken ? readAdminToken(dataDir, log) : null,
      events: new EventLog({ db, clock, log }),
      tokens,
      orgTokens,
      workspaces: new WorkspaceStore({ db }),
      ledgers: new EnvLedgerStore({ db }),
      toggles: new PluginToggleStore({ db }),
      leases,
      close: () => opened.unwind(),
    };
  } catch (error) {
    await opened.unwind();
    throw error;
  }
}

function readAdminToken(dataDir: Awaited<ReturnType<typeof openDataDir>>, log: Logger): string {
  const { token, path, created } = dataDir.readOrCreateAdminToken();
  log.info(`ADMIN_TOKEN is unset: the admin token is in ${path}${created ? " (generated now)" : ""}`);
  return token;
}
