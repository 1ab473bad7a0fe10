import { fileURLToPath } from "node:url";
import type { Clock, ContainerRuntime, Kernel, SecretMasker } from "@molecule/core";
import type { HostConfig } from "./config/config.js";
import { createHttpServer, type HttpServer } from "./http/app.js";
import type { ImageServices } from "./images/services.js";
import type { HostLogger } from "./logging/host-logger.js";
import type { HostMetrics } from "./metrics/host-metrics.js";
import { PluginToggles } from "./plugin-toggles.js";
import { Readiness } from "./readiness.js";
import type { Storage } from "./storage/storage.js";
import type { WorkspaceServices } from "./workspaces/services.js";

/** The built canvas; where it is not there, no page is served. */
const CANVAS_DIR = fileURLToPath(new URL("../../canvas/dist", import.meta.url));

/** The parts of a host that can be reached over HTTP. */
export interface ServedParts {
  readonly config: HostConfig;
  readonly storage: Storage;
  readonly runtime: ContainerRuntime;
  readonly kernel: Kernel;
  readonly workspaces: WorkspaceServices;
  readonly images: ImageServices | null;
  readonly metrics: HostMetrics;
  readonly masker: SecretMasker;
  readonly clock: Clock;
  readonly log: HostLogger;
}

/** A server that does not listen yet, and what else has a life of its own behind it. */
export interface HostServer {
  readonly server: HttpServer;
  readonly readiness: Readiness;
  readonly toggles: PluginToggles;
}

/** Makes the HTTP server of a host: each route gets what it needs of the parts. */
export function createHostServer(parts: ServedParts): HostServer {
  const { config, storage, runtime, kernel, workspaces, images, metrics, masker, clock, log } = parts;
  const readiness = new Readiness({
    database: storage.database,
    runtime,
    kernel,
    orphanFuse: workspaces.sweeps.fuse,
    clock,
  });
  const toggles = new PluginToggles({
    kernel,
    store: storage.toggles,
    events: storage.events,
    hostId: storage.hostId,
    log,
  });
  const server = createHttpServer({
    config: {
      environment: config.environment,
      adminToken: config.adminToken,
      metricsToken: config.metricsToken,
      generatedAdminToken: storage.generatedAdminToken,
      testTokens: config.testTokens,
      corsOrigins: config.corsOrigins,
      rateLimitPerMinute: config.rateLimitPerMinute,
      trustedProxies: config.trustedProxies,
      webhookSecret: config.images.webhookSecret,
      orgId: config.orgId,
      canvasDir: CANVAS_DIR,
    },
    log,
    clock,
    masker,
    database: storage.database,
    tokens: storage.tokens,
    orgTokens: storage.orgTokens,
    events: storage.events,
    workspaces: storage.workspaces,
    ledgers: storage.ledgers,
    kernel,
    readiness: () => readiness.report(),
    metrics,
    workspaceCreation: workspaces.creation,
    workspaceDeletion: workspaces.deletion,
    workspaceApi: workspaces.api,
    registration: {
      register: (body, token) => workspaces.registration.register(body, token),
      updateCard: (body, token) => workspaces.registration.updateCard(body, token),
      heartbeat: (body, token) => workspaces.heartbeats.take(body, token),
    },
    togglePlugin: (name, enabled) => toggles.toggle(name, enabled),
    previewEnv: (body) => workspaces.envPreview.preview(body),
    secrets: workspaces.secretChanges,
    workspaceModel: workspaces.model,
    installationTokens: workspaces.installationTokens,
    orphans: workspaces.sweeps.orphans,
    images: images?.images ?? null,
    imageQuarantine: workspaces.rollouts.quarantine,
    workspaceConsole: (workspaceId) => workspaces.console.read(workspaceId),
    provisionTimeoutMs: workspaces.declaredTimeoutMs,
  });
  return { server, readiness, toggles };
}
