import type { Clock, Kernel, Logger, PluginStatus, SecretMasker } from "@molecule/core";
import type { DeployEnvironment } from "../config/config.js";
import type { ImageService } from "../images/image-service.js";
import type { ImageQuarantine } from "../images/quarantine.js";
import type { HostMetrics } from "../metrics/host-metrics.js";
import type { ReadinessReport } from "../readiness.js";
import type { Database } from "../storage/database.js";
import type { EnvLedgerStore } from "../storage/env-ledger-store.js";
import type { EventLog } from "../storage/event-log.js";
import type { OrgTokenStore } from "../storage/org-token-store.js";
import type { TokenStore, VerifiedToken } from "../storage/token-store.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { InstallationTokens } from "../workspaces/installation-tokens.js";
import type { WorkspaceApi } from "../workspaces/workspace-api.js";
import type { EnvPreviewAnswer } from "../workspaces/env-preview.js";
import type { SecretChanges } from "../workspaces/secret-changes.js";
import type { WorkspaceModel } from "../workspaces/workspace-model.js";
import type { Orphans } from "../workspaces/sweeps/orphans.js";

/** The part of the configuration that HTTP depends on. */
export interface HttpConfig {
  readonly environment: DeployEnvironment;
  /** `ADMIN_TOKEN`, or null when it is unset. */
  readonly adminToken: string | null;
  /** `METRICS_TOKEN`, or null when it is unset. */
  readonly metricsToken: string | null;
  /** The admin token that this installation made for itself, or null. */
  readonly generatedAdminToken: string | null;
  /** Whether administrators get tokens of workspaces for tests. */
  readonly testTokens: boolean;
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** Requests a minute and client. */
  readonly rateLimitPerMinute: number;
  /** Networks in CIDR form of the proxies that tell who a client is. */
  readonly trustedProxies: readonly string[];
  /** By which registries sign their webhooks, or null. */
  readonly webhookSecret: string | null;
  /** The organisation that every request must name, or null outside SaaS. */
  readonly orgId: string | null;
  /** Folder of the built canvas page; null or not there: no page is served. */
  readonly canvasDir: string | null;
}

/** An answer that the domain has made. */
export interface DomainAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Takes what agents send. `token` is the verified one, or null where the guard lets a caller in without. */
export interface AgentRegistry {
  register(body: unknown, token: VerifiedToken | null): Promise<object>;
  heartbeat(body: unknown, token: VerifiedToken | null): Promise<object>;
  updateCard(body: unknown, token: VerifiedToken | null): Promise<object>;
}

/** Everything that the HTTP layer calls. */
export interface HttpDependencies {
  readonly config: HttpConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly masker: SecretMasker;
  readonly database: Pick<Database, "db">;
  readonly tokens: Pick<TokenStore, "verify" | "hasLive" | "issue" | "countLive" | "list" | "revoke">;
  readonly orgTokens: OrgTokenStore;
  readonly events: Pick<EventLog, "list" | "subscribe">;
  readonly workspaces: Pick<WorkspaceStore, "list" | "get">;
  readonly ledgers: Pick<EnvLedgerStore, "of">;
  readonly kernel: {
    readonly plugins: Pick<Kernel["plugins"], "status">;
    readonly registries: {
      readonly supervisor: Pick<Kernel["registries"]["supervisor"], "status" | "control">;
    };
  };
  readonly readiness: () => Promise<ReadinessReport>;
  readonly metrics: Pick<HostMetrics, "onRequest" | "render">;
  readonly workspaceCreation: { create(body: unknown): Promise<DomainAnswer> };
  readonly workspaceDeletion: {
    remove(workspaceId: string, options: { confirm: boolean; purge: boolean }): Promise<DomainAnswer>;
  };
  readonly workspaceApi: WorkspaceApi;
  readonly registration: AgentRegistry;
  /** Switches a plugin at run time, and keeps it. */
  readonly togglePlugin: (name: string, enabled: boolean) => Promise<PluginStatus>;
  /** Runs the chain for a real or imagined workspace, with plugins on or off. */
  readonly previewEnv: (body: unknown) => Promise<EnvPreviewAnswer>;
  readonly secrets: Pick<SecretChanges, "list" | "save" | "remove" | "values">;
  readonly workspaceModel: Pick<WorkspaceModel, "get" | "set">;
  readonly installationTokens: Pick<InstallationTokens, "issue">;
  /** Images of the templates; null without a container engine. */
  readonly images: Pick<ImageService, "overview" | "refresh" | "hint"> | null;
  /** Images that nothing starts with. */
  readonly imageQuarantine: Pick<ImageQuarantine, "list" | "lift">;
  /** What the engine holds that is no live workspace's. */
  readonly orphans: Pick<Orphans, "list" | "confirm" | "remove" | "adopt">;
  /** The last log lines of a workspace; null where its runtime keeps none. */
  readonly workspaceConsole: (workspaceId: string) => Promise<string | null>;
  /** Deadline of a provision that the runtime (of a workspace) declares, in ms; null when it declares none. */
  readonly provisionTimeoutMs: (runtime: string) => number | null;
}
