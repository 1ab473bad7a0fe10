import { resolve } from "node:path";
import {
  isCodedError,
  type CodedError,
  type ContainerRuntimeKind,
  type Fault,
  type Tier,
} from "@molecule/core";
import type { MaxUnavailable } from "../images/rollout-driver.js";
import { configErrors } from "../errors/config.js";
import { readEndpoint } from "../runtimes/docker/endpoint.js";
import type { EncryptionKey } from "../secrets/encryption-key.js";
import { readEncryptionKeys } from "../secrets/read-encryption-keys.js";
import { parseNetworks } from "./networks.js";
import { readImages, type ImagesConfig } from "./images.js";
import { readPath, type PathContext } from "./paths.js";
import { VariableReader, type Environment } from "./variables.js";

/**
 * Where this installation stands: decides how open it is. Null is neither: as closed as production, but content with
 * the embedded database and with keys that it makes for itself.
 */
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
  /** Encrypt the secrets, the first one from now on; none: this installation makes one for itself. */
  readonly encryptionKeys: readonly EncryptionKey[];
  /** Whether administrators get tokens of workspaces for tests, also outside of development. */
  readonly testTokens: boolean;
  readonly databaseUrl: string | null;
  /** Absolute. */
  readonly dataDir: string;
  readonly containerRuntime: "auto" | ContainerRuntimeKind;
  readonly docker: { readonly host?: string; readonly tlsVerify?: string; readonly certPath?: string };
  readonly allowPrivileged: boolean;
  readonly rollout: RolloutConfig;
  readonly tiers: Readonly<Record<Tier, TierOverride>>;
  /** Absolute. */
  readonly templatesDir: string;
  /** What agents call; null: made of the container runtime's host name and the port. */
  readonly platformUrl: string | null;
  readonly corsOrigins: readonly string[];
  readonly rateLimitPerMinute: number;
  /** Networks in CIDR form whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly images: ImagesConfig;
  readonly orgId: string | null;
  /** Seconds that every provision has, whatever its runtime declares; null: as the runtimes declare. */
  readonly provisionTimeoutSeconds: number | null;
  readonly log: LogConfig;
}

/** How careful rollouts of images are. */
export interface RolloutConfig {
  /** Ms in which a new container's agent must register. */
  readonly gateMs: number;
  /** Ms that it must go on running after that. */
  readonly soakMs: number;
  /** Workspaces without a proven container at a time. */
  readonly maxUnavailable: MaxUnavailable;
}

/** How the log is written. */
export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "pretty" | "json";
}

/** What {@link readConfig} needs beside the environment. */
export interface ConfigContext extends PathContext {
  /** `molecule start --dev`: `MOLECULE_ENV` is development unless it says otherwise. */
  readonly dev: boolean;
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
  const encryptionKeys = readEncryptionKeys(read);
  const namesKeys = ["SECRETS_ENCRYPTION_KEYS", "SECRETS_ENCRYPTION_KEY"].some(
    (name) => read.text(name) !== undefined,
  );
  if (environment === "production" && !namesKeys) {
    read.faults.push({
      path: "SECRETS_ENCRYPTION_KEYS",
      found: "nothing",
      allowed: "id:base64 of 32 bytes (openssl rand -base64 32): production makes no key for itself",
    });
  }
  const containerRuntime = read.choice("CONTAINER_RUNTIME", ["auto", "docker", "process", "none"]) ?? "auto";
  const config: HostConfig = {
    host: read.text("HOST") ?? "0.0.0.0",
    port: read.integer("PORT", { min: 0, max: 65_535 }) ?? 8080,
    environment,
    adminToken: readToken(read, "ADMIN_TOKEN"),
    metricsToken: readToken(read, "METRICS_TOKEN"),
    encryptionKeys,
    testTokens: read.flag("MOLECULE_ENABLE_TEST_TOKENS") ?? false,
    databaseUrl,
    dataDir: readDataDir(read, context),
    containerRuntime,
    docker: readDocker(read, containerRuntime, context),
    allowPrivileged: read.flag("MOLECULE_ALLOW_PRIVILEGED") ?? false,
    tiers: readTiers(read),
    rollout: readRollout(read),
    templatesDir: readFolder(read, "WORKSPACE_TEMPLATES_DIR", "workspace-templates", context),
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
    images: readImages(read, context),
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
  return readFolder(read, "MOLECULE_DATA_DIR", ".data", context);
}

function readFolder(read: VariableReader, name: string, fallback: string, context: ConfigContext): string {
  return readPath(read, name, context) ?? resolve(context.home ?? context.cwd, fallback);
}

/** A token that callers can send; the fault shows nothing of it. */
function readToken(read: VariableReader, name: string): string | null {
  const token = read.text(name) ?? null;
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    read.faults.push({
      path: name,
      found: `${token.length} characters with white space or others that no bearer token has`,
      allowed: "printable ASCII characters without spaces or line ends",
    });
  }
  return token;
}

/** The engine's address is judged in any case, the certificates only where the engine may be asked for. */
function readDocker(
  read: VariableReader,
  kind: HostConfig["containerRuntime"],
  context: ConfigContext,
): HostConfig["docker"] {
  const host = read.text("DOCKER_HOST");
  const tlsVerify = read.text("DOCKER_TLS_VERIFY");
  const certPath = readPath(read, "DOCKER_CERT_PATH", context);
  try {
    readEndpoint({ DOCKER_HOST: host, DOCKER_TLS_VERIFY: tlsVerify, DOCKER_CERT_PATH: certPath });
  } catch (error) {
    if (!isCodedError(error)) throw error;
    const isNeeded = kind === "auto" || kind === "docker";
    const fault = endpointFault(error);
    if (isNeeded || fault.path === "DOCKER_HOST") read.faults.push(fault);
  }
  return {
    ...(host === undefined ? {} : { host }),
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    ...(certPath === undefined ? {} : { certPath }),
  };
}

function endpointFault({ code, details }: CodedError): Fault {
  const { found, path, reason } = details;
  return code === "DOCKER_CERTIFICATES_UNREADABLE"
    ? {
        path: "DOCKER_CERT_PATH",
        found: `${String(path)}, which can't be read: ${String(reason)}`,
        allowed:
          "a folder with ca.pem, cert.pem and key.pem; or unset, and DOCKER_TLS_VERIFY too, for no TLS",
      }
    : {
        path: "DOCKER_HOST",
        found: `${JSON.stringify(found)}: ${String(reason)}`,
        allowed: "unix:///path, npipe:////./pipe/name, tcp://host:port, or host:port",
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

function readRollout(read: VariableReader): RolloutConfig {
  const seconds = (name: string, min: number, fallback: number) =>
    1000 * (read.integer(name, { min, max: 86_400 }) ?? fallback);
  return {
    gateMs: seconds("ROLLOUT_GATE_SECONDS", 1, 300),
    soakMs: seconds("ROLLOUT_SOAK_SECONDS", 0, 30),
    maxUnavailable: read.parsed(
      "ROLLOUT_MAX_UNAVAILABLE",
      "a number of workspaces, 1 or more, or a percentage of them like 10%, 1% to 100%",
      parseMaxUnavailable,
    ) ?? { percent: 10 },
  };
}

function parseMaxUnavailable(text: string): MaxUnavailable | undefined {
  const [, digits = "", percent = ""] = /^(\d{1,4})(%?)$/.exec(text) ?? [];
  const number = Number(digits);
  if (number < 1 || (percent !== "" && number > 100)) return undefined;
  return percent === "" ? { count: number } : { percent: number };
}

function parseOrigins(text: string): string[] | undefined {
  const origins = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const valid = origins.every((each) => URL.canParse(each) && new URL(each).origin === each);
  return valid ? origins : undefined;
}
