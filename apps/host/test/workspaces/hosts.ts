import { randomUUID } from "node:crypto";
import { Kernel, parseManifest, systemClock, type Clock, type ContainerRuntime } from "@molecule/core";
import type { RecordingLogger } from "@molecule/core/testing";
import { nameHost } from "@molecule/test/support/secret-watch.js";
import { readConfig } from "../../dist/config/config.js";
import type { Database } from "../../dist/storage/database.js";
import { NoneRuntime } from "../../dist/runtimes/none.js";
import type { EventLog } from "../../dist/storage/event-log.js";
import { DatabaseLeases } from "../../dist/storage/loop-leases.js";
import type { WorkspaceRow } from "../../dist/storage/schema.js";
import type { TokenStore } from "../../dist/storage/token-store.js";
import type { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { createWorkspaceServices, type WorkspaceServices } from "../../dist/workspaces/services.js";
import { watchedLog, WatchedMasker } from "../logging/watched-log.js";
import type { SuiteDatabase } from "../storage/databases.js";
import { storageOn } from "../storage/open-storage.js";

const MANIFEST = {
  version: 1,
  plugins: [],
  workspace_templates: [{ name: "demo", command: ["true"] }],
};

/** Jobs of each kind that a host does in the engine at a time. */
export const CONCURRENT_JOBS = 8;

/** The workspace domain of one host, in this process. */
export interface DomainHost {
  readonly hostId: string;
  readonly kernel: Kernel;
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

/** Starts a host on a runtime; its clock is the machine's unless told. */
type StartHost = (runtime: ContainerRuntime, clock?: Clock) => Promise<DomainHost>;

/** Lets the suite around start hosts on its database; they end with the test. */
export function useHosts(suite: SuiteDatabase): StartHost {
  const running: DomainHost[] = [];
  afterEach(async () => {
    for (const host of running.splice(0)) await host.stop();
  });
  return async (runtime, clock = systemClock) => {
    const host = await startDomain(suite.database, runtime, clock);
    running.push(host);
    return host;
  };
}

async function startDomain(database: Database, runtime: ContainerRuntime, clock: Clock): Promise<DomainHost> {
  const { db } = database;
  const masker = new WatchedMasker();
  const log = watchedLog(nameHost(), masker);
  const hostId = randomUUID();
  const manifest = parseManifest(JSON.stringify(MANIFEST), "/srv/molecule/manifest.json");
  const kernel = new Kernel({ manifest, env: {}, clock, log, masker });
  const leases = new DatabaseLeases({ db, hostId, clock, log });
  const { storage, vault } = storageOn({ database, hostId, leases, clock, log, masker });
  const { events, tokens, workspaces } = storage;
  await events.follow();
  const services = createWorkspaceServices({
    config: readConfig({}, { dev: true, cwd: "/srv/molecule", terminal: false }),
    storage,
    runtime,
    inventory: new NoneRuntime("this is a test").inventory,
    kernel,
    vault,
    templates: manifest.templates,
    masker,
    clock,
    log,
    platformUrl: () => "http://platform.example",
    concurrency: CONCURRENT_JOBS,
    onProvision: () => undefined,
  });
  const row = async (id: string) => {
    const found = await workspaces.get(id);
    if (found === undefined) throw new Error(`there is no workspace ${id}`);
    return found;
  };
  return {
    hostId,
    kernel,
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
