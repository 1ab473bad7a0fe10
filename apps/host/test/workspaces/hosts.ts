import { randomUUID } from "node:crypto";
import { Kernel, parseManifest, systemClock, type ContainerRuntime } from "@molecule/core";
import type { RecordingLogger } from "@molecule/core/testing";
import { nameHost } from "@molecule/test/support/secret-watch.js";
import { readConfig } from "../../dist/config/config.js";
import type { Database } from "../../dist/storage/database.js";
import { TokenMasks } from "../../dist/masking/token-masks.js";
import { NoneRuntime } from "../../dist/runtimes/none.js";
import { encryptionKey, KEY_BYTES } from "../../dist/secrets/encryption-key.js";
import { Envelope } from "../../dist/secrets/envelope.js";
import { KeyRing } from "../../dist/secrets/key-ring.js";
import { SecretVault } from "../../dist/secrets/secret-vault.js";
import { EnvLedgerStore } from "../../dist/storage/env-ledger-store.js";
import { EventLog } from "../../dist/storage/event-log.js";
import { DatabaseLeases } from "../../dist/storage/loop-leases.js";
import { OrgTokenStore } from "../../dist/storage/org-token-store.js";
import { PluginToggleStore } from "../../dist/storage/plugin-toggle-store.js";
import { systemRandom } from "../../dist/storage/random.js";
import type { WorkspaceRow } from "../../dist/storage/schema.js";
import { SecretStore } from "../../dist/storage/secret-store.js";
import { TokenStore } from "../../dist/storage/token-store.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { createWorkspaceServices, type WorkspaceServices } from "../../dist/workspaces/services.js";
import { watchedLog, WatchedMasker } from "../logging/watched-log.js";
import type { SuiteDatabase } from "../storage/databases.js";

const MANIFEST = {
  version: 1,
  plugins: [],
  workspace_templates: [{ name: "demo", command: ["true"] }],
};

/** The workspace domain of one host, in this process. */
export interface DomainHost {
  readonly hostId: string;
  readonly services: WorkspaceServices;
  readonly events: EventLog;
  readonly tokens: TokenStore;
  readonly workspaces: WorkspaceStore;
  readonly log: RecordingLogger;
  /** Creates a workspace of the runtime `demo`, and answers its id. */
  create(fields?: Readonly<Record<string, unknown>>): Promise<string>;
  /** @throws when there is none */
  row(id: string): Promise<WorkspaceRow>;
  /** Types of its events, oldest first. */
  eventTypes(id: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Lets the suite around start hosts on its database; they end with the test. */
export function useHosts(suite: SuiteDatabase): (runtime: ContainerRuntime) => Promise<DomainHost> {
  const running: DomainHost[] = [];
  afterEach(async () => {
    for (const host of running.splice(0)) await host.stop();
  });
  return async (runtime) => {
    const host = await startDomain(suite.database, runtime);
    running.push(host);
    return host;
  };
}

async function startDomain(database: Database, runtime: ContainerRuntime): Promise<DomainHost> {
  const { db } = database;
  const clock = systemClock;
  const masker = new WatchedMasker();
  const log = watchedLog(nameHost(), masker);
  const hostId = randomUUID();
  const manifest = parseManifest(JSON.stringify(MANIFEST), "/srv/molecule/manifest.json");
  const kernel = new Kernel({ manifest, env: {}, clock, log, masker });
  const events = new EventLog({ db, clock, log, masker, hostId });
  await events.follow();
  const masks = new TokenMasks(masker);
  const tokens = new TokenStore({ db, random: systemRandom, log, masks });
  const keys = new KeyRing([encryptionKey(Buffer.alloc(KEY_BYTES, 1))]);
  const secrets = new SecretStore({ db });
  const workspaces = new WorkspaceStore({ db });
  const services = createWorkspaceServices({
    config: readConfig({}, { dev: true, cwd: "/srv/molecule", terminal: false }),
    storage: {
      database,
      instanceId: hostId,
      hostId,
      dataDir: "/nowhere",
      generatedAdminToken: null,
      encryptionKeys: keys,
      secrets,
      events,
      tokens,
      orgTokens: new OrgTokenStore({ db, random: systemRandom, log, masks }),
      workspaces,
      ledgers: new EnvLedgerStore({ db }),
      toggles: new PluginToggleStore({ db }),
      leases: new DatabaseLeases({ db, hostId, clock, log }),
      close: () => Promise.resolve(),
    },
    runtime,
    inventory: new NoneRuntime("this is a test").inventory,
    kernel,
    vault: new SecretVault({
      store: secrets,
      envelope: new Envelope(keys, systemRandom),
      random: systemRandom,
    }),
    templates: manifest.templates,
    masker,
    clock,
    log,
    platformUrl: () => "http://platform.example",
    concurrency: 8,
    onProvision: () => undefined,
  });
  const row = async (id: string) => {
    const found = await workspaces.get(id);
    if (found === undefined) throw new Error(`there is no workspace ${id}`);
    return found;
  };
  return {
    hostId,
    services,
    events,
    tokens,
    workspaces,
    log,
    create: async (fields = {}) => {
      const { body } = await services.creation.create({ name: "Test", runtime: "demo", ...fields });
      return String(body.id);
    },
    row,
    eventTypes: async (id) =>
      (await events.list({ workspaceId: id, limit: 100 })).map(({ event_type }) => event_type).reverse(),
    stop: async () => {
      await services.stop();
      await kernel.stop();
      await events.close();
      await tokens.settle();
    },
  };
}
