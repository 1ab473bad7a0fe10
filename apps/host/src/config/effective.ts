import { MASK, type EnvOrigin, type Manifest } from "@molecule/core";
import type { HostConfig } from "./config.js";
import { isSecretName, withoutPassword } from "./secret-names.js";
import type { Environment } from "./variables.js";

/** Where a value comes from. */
export type ValueOrigin =
  | { readonly kind: "default" }
  /** What the process was started with. */
  | { readonly kind: "environment" }
  /** A plugin of stage `env`. */
  | ({ readonly kind: "plugin" } & EnvOrigin);

/** A variable as it counts. */
export interface EffectiveVariable {
  readonly name: string;
  /** Masked when it is secret; null for nothing. */
  readonly value: string | null;
  readonly origin: ValueOrigin;
}

const MANIFEST = "MOLECULE_MANIFEST";

type Shown = string | number | boolean | null | undefined;

/** What the host makes of each variable, in the order of docs/operating.md; null where the default is nothing. */
const HOST_VARIABLES: Readonly<Record<string, (config: HostConfig) => Shown>> = {
  PORT: (config) => config.port,
  HOST: (config) => config.host,
  MOLECULE_ENV: (config) => config.environment,
  ADMIN_TOKEN: (config) => config.adminToken,
  METRICS_TOKEN: (config) => config.metricsToken,
  MOLECULE_ENABLE_TEST_TOKENS: (config) => config.testTokens,
  SECRETS_ENCRYPTION_KEYS: (config) => config.encryptionKeys.map(({ id }) => id).join(","),
  SECRETS_ENCRYPTION_KEY: (config) => config.encryptionKeys[0]?.id,
  DATABASE_URL: ({ databaseUrl }) => (databaseUrl === null ? null : withoutPassword(databaseUrl)),
  MOLECULE_DATA_DIR: (config) => config.dataDir,
  CONTAINER_RUNTIME: (config) => config.containerRuntime,
  DOCKER_HOST: (config) => config.docker.host,
  DOCKER_TLS_VERIFY: (config) => config.docker.tlsVerify,
  DOCKER_CERT_PATH: (config) => config.docker.certPath,
  WORKSPACE_TEMPLATES_DIR: (config) => config.templatesDir,
  PLATFORM_URL: (config) => config.platformUrl,
  CORS_ORIGINS: (config) => config.corsOrigins.join(","),
  RATE_LIMIT: (config) => config.rateLimitPerMinute,
  TRUSTED_PROXIES: (config) => config.trustedProxies.join(","),
  PROVISION_TIMEOUT_SECONDS: (config) => config.provisionTimeoutSeconds,
  GHCR_USER: (config) => config.images.credentials.ghcr?.username ?? null,
  GHCR_TOKEN: (config) => config.images.credentials.ghcr?.password ?? null,
  DOCKER_CONFIG: (config) => config.images.credentials.dockerConfigDir,
  IMAGE_KEEP_DAYS: (config) => config.images.keepDays,
  REGISTRY_WEBHOOK_SECRET: (config) => config.images.webhookSecret,
  ROLLOUT_GATE_SECONDS: (config) => config.rollout.gateMs / 1000,
  ROLLOUT_SOAK_SECONDS: (config) => config.rollout.soakMs / 1000,
  ROLLOUT_MAX_UNAVAILABLE: ({ rollout: { maxUnavailable } }) =>
    "count" in maxUnavailable ? maxUnavailable.count : `${maxUnavailable.percent}%`,
  MOLECULE_ORG_ID: (config) => config.orgId,
  MOLECULE_ALLOW_PRIVILEGED: (config) => config.allowPrivileged,
  TIER1_MEMORY_MB: (config) => config.tiers[1].memoryMb,
  TIER1_CPU_SHARES: (config) => config.tiers[1].cpuShares,
  TIER2_MEMORY_MB: (config) => config.tiers[2].memoryMb,
  TIER2_CPU_SHARES: (config) => config.tiers[2].cpuShares,
  TIER3_MEMORY_MB: (config) => config.tiers[3].memoryMb,
  TIER3_CPU_SHARES: (config) => config.tiers[3].cpuShares,
  TIER4_MEMORY_MB: (config) => config.tiers[4].memoryMb,
  TIER4_CPU_SHARES: (config) => config.tiers[4].cpuShares,
  LOG_LEVEL: (config) => config.log.level,
  LOG_FORMAT: (config) => config.log.format,
};

/** What the effective configuration is made of. */
export interface EffectiveInputs {
  /** After stage `env`. */
  readonly env: Environment;
  /** Before it: the process's own. */
  readonly given: Environment;
  readonly origins: ReadonlyMap<string, EnvOrigin>;
  readonly config: HostConfig;
  readonly manifest: Manifest;
  /** Further variables, which plugins declare to read. */
  readonly declared: readonly string[];
}

/**
 * Every variable of the host with the value that counts and its origin; then those that plugins wait for or
 * declare to read, and all others that a plugin of stage `env` has set. The values of these last are masked: nobody has declared
 * whether they are secret.
 */
export function effectiveVariables(inputs: EffectiveInputs): EffectiveVariable[] {
  const { env, origins, config, manifest } = inputs;
  const own = Object.entries(HOST_VARIABLES).map(([name, read]) => {
    const value = read(config);
    return entry(name, value === null || value === undefined ? null : String(value), inputs);
  });
  const names = new Set([MANIFEST, "MOLECULE_PLUGINS"]);
  for (const { when } of manifest.plugins) if (when !== undefined) names.add(when.env);
  for (const name of inputs.declared) names.add(name);
  const declared = [...names].filter((name) => !(name in HOST_VARIABLES));
  const rest = [...origins.keys()].filter((name) => !(name in HOST_VARIABLES) && !names.has(name)).sort();
  return [
    ...own,
    ...declared.map((name) => (name === MANIFEST ? manifestEntry(inputs) : entry(name, env[name], inputs))),
    ...rest.map((name) => ({ ...entry(name, env[name], inputs), value: MASK })),
  ];
}

/** An origin in a few words, e.g. `.env file (dotenv)`. */
export function describeOrigin(origin: ValueOrigin): string {
  if (origin.kind !== "plugin") return origin.kind;
  return origin.source === null ? `plugin ${origin.plugin}` : `${origin.source} (${origin.plugin})`;
}

function entry(name: string, value: string | null | undefined, inputs: EffectiveInputs): EffectiveVariable {
  const origin = originOf(name, inputs);
  if (value === null || value === undefined || value === "") return { name, value: null, origin };
  return { name, value: isSecretName(name) ? MASK : value, origin };
}

/** The manifest is looked for before stage `env`: what that says of it comes too late. */
function manifestEntry({ manifest, given }: EffectiveInputs): EffectiveVariable {
  const isGiven = (given[MANIFEST] ?? "").trim() !== "";
  return { name: MANIFEST, value: manifest.path, origin: { kind: isGiven ? "environment" : "default" } };
}

function originOf(name: string, { env, origins }: EffectiveInputs): ValueOrigin {
  // A blank value counts as unset: see VariableReader.
  if ((env[name] ?? "").trim() === "") return { kind: "default" };
  const origin = origins.get(name);
  return origin === undefined ? { kind: "environment" } : { kind: "plugin", ...origin };
}
