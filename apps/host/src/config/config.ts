import { resolve } from "node:path";
import type { ContainerRuntimeKind, Tier } from "@molecule/core";
import { configErrors } from "../errors/config.js";
import { parseNetworks } from "./networks.js";
import { VariableReader, type Environment } from "./variables.js";

/** Where this installation stands: decides how open it is. Null is neither, and as strict as production. */
export type DeployEnvironment = "development" | "production" | null;

/** Size of a tier; null where the default holds. */
export interface TierOverride {
  readonly memoryMb: number | null;
  /** 1024 is one CPU. */
  readonly cpuShares: number | null;
}

/** The host's configuration, read once; docs/operating.md lists the variables. */
export interface HostConfig {
  readonly host: string;
  readonly port: number;
  readonly environment: DeployEnvironment;
  readonly adminToken: string | null;
  /** What `GET /metrics` asks for; null: it is open. */
  readonly metricsToken: string | null;
  readonly databaseUrl: string | null;
  /** Absolute. */
  readonly dataDir: string;
  readonly containerRuntime: "auto" | ContainerRuntimeKind;
  readonly docker: { readonly host?: string; readonly tlsVerify?: string; readonly certPath?: string };
  readonly allowPrivileged: boolean;
  readonly tiers: Readonly<Record<Tier, TierOverride>>;
  /** Absolute. */
  readonly templatesDir: string;
  /** What agents call; null: made of the container runtime's host name and the port. */
  readonly platformUrl: string | null;
  readonly corsOrigins: readonly string[];
  readonly rateLimitPerMinute: number;
  /** Networks in CIDR form whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly orgId: string | null;
  /** Seconds that every provision has, whatever its runtime declares; null: as the runtimes declare. */
  readonly provisionTimeoutSeconds: number | null;
  readonly log: LogConfig;
}

/** How the log is written. */
export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "pretty" | "json";
}

/** What {@link readConfig} needs beside the environment. */
export interface ConfigContext {
  /** `molecule start --dev`: `MOLECULE_ENV` is development unless it says otherwise. */
  readonly dev: boolean;
  readonly cwd: string;
  /** What default paths are relative to; `cwd` unless told. */
  readonly home?: string;
  /** What plugins of stage `env` have set: relative paths in it are relative to `dir`, the manifest's folder. */
  readonly filled?: { readonly names: Pick<ReadonlyMap<string, unknown>, "has">; readonly dir: string };
  /** Whether the log goes to a terminal. */
  readonly terminal: boolean;
}

const DEFAULT_ORIGINS = ["http://localhost:3000", "http://localhost:3001"];
const TIERS = [1, 2, 3, 4] as const;

/**
 * Reads the configuration.
 * @throws CONFIG_INVALID with every fault: variable, found, allowed
 */
export function readConfig(env: Environment, context: ConfigContext): HostConfig {
  return readWith(new VariableReader(env), context);
}

/** As {@link readConfig}; `read` knows afterwards which variables there are. */
export function readWith(read: VariableReader, context: ConfigContext): HostConfig {
  const environment = readEnvironment(read, context.dev);
  const databaseUrl = read.url("DATABASE_URL", ["postgres:", "postgresql:"]) ?? null;
  if (environment === "production" && databaseUrl === null && read.text("DATABASE_URL") === undefined) {
    read.faults.push({
      path: "DATABASE_URL",
      found: "nothing",
      allowed: "the URL of a Postgres server: production does not run on the embedded database",
    });
  }
  const config: HostConfig = {
    host: read.text("HOST") ?? "0.0.0.0",
    port: read.integer("PORT", { min: 0, max: 65_535 }) ?? 8080,
    environment,
    adminToken: read.text("ADMIN_TOKEN") ?? null,
    metricsToken: read.text("METRICS_TOKEN") ?? null,
    databaseUrl,
    dataDir: readDataDir(read, context),
    containerRuntime: read.choice("CONTAINER_RUNTIME", ["auto", "docker", "process", "none"]) ?? "auto",
    docker: readDocker(read),
    allowPrivileged: read.flag("MOLECULE_ALLOW_PRIVILEGED") ?? false,
    tiers: readTiers(read),
    templatesDir: readPath(read, "WORKSPACE_TEMPLATES_DIR", "workspace-templates", context),
    platformUrl: read.url("PLATFORM_URL", ["http:", "https:"])?.replace(/\/+$/, "") ?? null,
    corsOrigins:
      read.parsed("CORS_ORIGINS", "origins like https://example.com, separated by commas", parseOrigins) ??
      DEFAULT_ORIGINS,
    rateLimitPerMinute: read.integer("RATE_LIMIT", { min: 1, max: 1_000_000 }) ?? 600,
    trustedProxies:
      read.parsed(
        "TRUSTED_PROXIES",
        "addresses and networks like 10.0.0.0/8, separated by commas",
        parseNetworks,
      ) ?? [],
    orgId: read.text("MOLECULE_ORG_ID") ?? null,
    provisionTimeoutSeconds: read.integer("PROVISION_TIMEOUT_SECONDS", { min: 1, max: 86_400 }) ?? null,
    log: readLog(read, context.terminal),
  };
  if (read.faults.length > 0) throw configErrors.CONFIG_INVALID({ faults: read.faults });
  return config;
}

/** The data folder alone, for a command that needs no more. Absolute. */
export function dataDirOf(env: Environment, context: ConfigContext): string {
  return readDataDir(new VariableReader(env), context);
}

/** How to log until the whole configuration is read: faults of these variables are told later, with the others. */
export function readLogConfig(env: Environment, terminal: boolean): LogConfig {
  return readLog(new VariableReader(env), terminal);
}

function readEnvironment(read: VariableReader, dev: boolean): DeployEnvironment {
  const word = read.choice("MOLECULE_ENV", ["development", "dev", "production", "prod"]);
  if (word === undefined) return dev ? "development" : null;
  return word === "development" || word === "dev" ? "development" : "production";
}

function readDataDir(read: VariableReader, context: ConfigContext): string {
  return readPath(read, "MOLECULE_DATA_DIR", ".data", context);
}

function readPath(read: VariableReader, name: string, fallback: string, context: ConfigContext): string {
  const text = read.text(name);
  if (text === undefined) return resolve(context.home ?? context.cwd, fallback);
  const { filled } = context;
  return resolve(filled?.names.has(name) === true ? filled.dir : context.cwd, text);
}

function readDocker(read: VariableReader): HostConfig["docker"] {
  const host = read.parsed("DOCKER_HOST", "unix:///path, tcp://host:port or http(s)://host:port", (text) =>
    /^(unix|npipe|tcp|https?):\/\/./.test(text) ? text : undefined,
  );
  const tlsVerify = read.text("DOCKER_TLS_VERIFY");
  const certPath = read.text("DOCKER_CERT_PATH");
  return {
    ...(host === undefined ? {} : { host }),
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    ...(certPath === undefined ? {} : { certPath }),
  };
}

function readTiers(read: VariableReader): HostConfig["tiers"] {
  const tier = (n: Tier): TierOverride => ({
    memoryMb: read.integer(`TIER${n}_MEMORY_MB`, { min: 6, max: 1_048_576 }) ?? null,
    cpuShares: read.integer(`TIER${n}_CPU_SHARES`, { min: 2, max: 262_144 }) ?? null,
  });
  const [one, two, three, four] = TIERS;
  return { 1: tier(one), 2: tier(two), 3: tier(three), 4: tier(four) };
}

function readLog(read: VariableReader, terminal: boolean): LogConfig {
  return {
    level: read.choice("LOG_LEVEL", ["debug", "info", "warn", "error"]) ?? "info",
    format: read.choice("LOG_FORMAT", ["pretty", "json"]) ?? (terminal ? "pretty" : "json"),
  };
}

function parseOrigins(text: string): string[] | undefined {
  const origins = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const valid = origins.every((each) => URL.canParse(each) && new URL(each).origin === each);
  return valid ? origins : undefined;
}
