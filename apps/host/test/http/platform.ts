import {
  Kernel,
  type SecretMasker,
  parseManifest,
  soleHostLeases,
  systemClock,
  type Clock,
  type ContainerRuntime,
} from "@molecule/core";
import type { RecordingLogger } from "@molecule/core/testing";
import { nameHost, watchHost } from "@molecule/test/support/secret-watch.js";
import { readConfig } from "../../dist/config/config.js";
import { createHttpServer, type HttpServer, type ServerLimits } from "../../dist/http/app.js";
import type { HttpConfig, HttpDependencies } from "../../dist/http/dependencies.js";
import { HostMetrics } from "../../dist/metrics/host-metrics.js";
import { PluginToggles } from "../../dist/plugin-toggles.js";
import { Readiness } from "../../dist/readiness.js";
import { NoneRuntime } from "../../dist/runtimes/none.js";
import type { EventLog } from "../../dist/storage/event-log.js";
import type { OrgTokenStore } from "../../dist/storage/org-token-store.js";
import type { TokenStore } from "../../dist/storage/token-store.js";
import { createWorkspaceServices } from "../../dist/workspaces/services.js";
import { watchedLog, WatchedMasker } from "../logging/watched-log.js";
import { addWorkspace, type SuiteDatabase } from "../storage/databases.js";
import { storageOn } from "../storage/open-storage.js";
import { useSharedDatabase } from "./shared-database.js";

const HOST_ID = "00000000-0000-4000-8000-000000000001";
const MANIFEST = {
  version: 1,
  plugins: [],
  workspace_templates: [
    { name: "demo", command: ["true"], provision_timeout_seconds: 120 },
    { name: "langgraph", command: ["true"] },
  ],
};

/** How a platform differs from one in production, whose admin token is `admin-secret`. */
export interface PlatformOptions {
  readonly config?: Partial<HttpConfig>;
  readonly limits?: Partial<ServerLimits>;
  /** None unless told, as where the container runtime is not docker. */
  readonly images?: HttpDependencies["images"];
  /** What the services of workspaces are configured by; nothing unless told. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** None unless told: workspaces can be created, and fail. */
  readonly runtime?: ContainerRuntime;
  /** Address to listen on; 127.0.0.1 unless told. */
  readonly host?: string;
}

/** A platform that serves, in this process. */
export interface RunningPlatform {
  readonly url: string;
  readonly port: number;
  readonly log: RecordingLogger;
  readonly masker: SecretMasker;
  readonly kernel: Kernel;
  readonly tokens: TokenStore;
  readonly orgTokens: OrgTokenStore;
  readonly events: EventLog;
  close(): Promise<void>;
}

/** What a suite makes platforms with; they end with the test. */
export interface PlatformSuite {
  readonly database: SuiteDatabase;
  start(options?: PlatformOptions): Promise<RunningPlatform>;
  /** Only the server of a platform, which does not listen; the test ends it. */
  make(): HttpServer;
  /** A workspace with a live token of attempt 1. */
  addAgent(platform: RunningPlatform): Promise<{ id: string; token: string }>;
}

/** Development: open to programs of this machine. */
export const DEVELOPMENT: Partial<HttpConfig> = { environment: "development", adminToken: null };
/** The admin token of a platform, unless it is told otherwise. */
export const ADMIN_TOKEN = "admin-secret";

/** Lets the suite around start platforms; the database is empty at the start of each test. */
export function usePlatforms(): PlatformSuite {
  const running: RunningPlatform[] = [];
  afterEach(async () => {
    for (const platform of running.splice(0)) await platform.close();
  });
  const database = useSharedDatabase();
  return {
    database,
    start: async (options = {}) => {
      const platform = await startPlatform(database, options);
      running.push(platform);
      return platform;
    },
    make: () => assemble(database, {}).server,
    addAgent: async (platform) => {
      const id = await addWorkspace(database.db);
      const { token } = await platform.tokens.issue(database.db, { workspaceId: id, attempt: 1 });
      return { id, token };
    },
  };
}

/** A platform on a database; end it with `close()`. */
export async function startPlatform(
  suite: SuiteDatabase,
  options: PlatformOptions = {},
): Promise<RunningPlatform> {
  const { server, kernel, services, log, masker, tokens, orgTokens, events } = assemble(suite, options);
  kernel.registries.supervisor.start();
  const { port } = await server.listen(0, options.host ?? "127.0.0.1");
  const url = `http://127.0.0.1:${port}`;
  watchHost(url);
  return {
    url,
    port,
    log,
    masker,
    kernel,
    tokens,
    orgTokens,
    events,
    close: async () => {
      await server.close();
      await kernel.stop();
      await services.stop();
      await tokens.settle();
      await orgTokens.settle();
    },
  };
}

function assemble(suite: SuiteDatabase, options: PlatformOptions) {
  const { clock = systemClock, limits = {} } = options;
  const { database } = suite;
  const masker = new WatchedMasker();
  const log = watchedLog(nameHost(), masker);
  const config: HttpConfig = {
    environment: "production",
    adminToken: ADMIN_TOKEN,
    metricsToken: null,
    generatedAdminToken: null,
    testTokens: false,
    corsOrigins: ["http://localhost:3000"],
    rateLimitPerMinute: 1_000,
    trustedProxies: [],
    webhookSecret: null,
    orgId: null,
    canvasDir: null,
    ...options.config,
  };
  for (const secret of [config.adminToken, config.metricsToken, config.webhookSecret]) {
    if (secret !== null) masker.add(secret);
  }
  const manifest = parseManifest(JSON.stringify(MANIFEST), "/srv/molecule/manifest.json");
  const metrics = new HostMetrics({
    runtimes: manifest.templates.map(({ name }) => name),
    loops: () => kernel.registries.supervisor.status(),
  });
  const kernel: Kernel = new Kernel({ manifest, env: {}, clock, log, masker, observer: metrics.observer });
  const none = new NoneRuntime("this is a test");
  const runtime = options.runtime ?? none;
  const leases = soleHostLeases();
  const { storage, vault } = storageOn({ database, hostId: HOST_ID, leases, clock, log, masker });
  const { events, tokens, orgTokens, workspaces, ledgers, toggles } = storage;
  const pluginToggles = new PluginToggles({ kernel, store: toggles, events, hostId: HOST_ID, log });
  const services = createWorkspaceServices({
    config: readConfig(options.env ?? {}, { dev: true, cwd: "/srv/molecule", terminal: false }),
    storage,
    runtime,
    inventory: none.inventory,
    kernel,
    vault,
    templates: manifest.templates,
    masker,
    clock,
    log,
    platformUrl: () => "http://platform.example",
    concurrency: 1,
    onProvision: (run) => {
      metrics.onProvision(run);
    },
  });
  kernel.registries.loops.add(services.recovery.loop());
  const deps: HttpDependencies = {
    config,
    log,
    clock,
    masker,
    database,
    tokens,
    orgTokens,
    events,
    workspaces,
    ledgers,
    kernel,
    metrics,
    readiness: () =>
      new Readiness({ database, runtime, kernel, orphanFuse: services.sweeps.fuse, clock }).report(),
    workspaceCreation: services.creation,
    workspaceDeletion: services.deletion,
    workspaceApi: services.api,
    registration: {
      register: (body, token) => services.registration.register(body, token),
      updateCard: (body, token) => services.registration.updateCard(body, token),
      heartbeat: (body, token) => services.heartbeats.take(body, token),
    },
    togglePlugin: (name, enabled) => pluginToggles.toggle(name, enabled),
    previewEnv: (body) => services.envPreview.preview(body),
    secrets: services.secretChanges,
    workspaceModel: services.model,
    installationTokens: services.installationTokens,
    images: options.images ?? null,
    imageQuarantine: services.rollouts.quarantine,
    orphans: services.sweeps.orphans,
    workspaceConsole: (id) => services.console.read(id),
    provisionTimeoutMs: services.declaredTimeoutMs,
  };
  return { server: createHttpServer(deps, limits), kernel, services, log, masker, tokens, orgTokens, events };
}
