import { isAbsolute } from "node:path";

/** What the agent runs by; read once, from the environment that the platform gave it. */
export interface AgentConfig {
  /** The workspace's UUID. */
  readonly workspaceId: string;
  /** Where the platform answers, without a slash at its end. */
  readonly platformUrl: string;
  /** Absolute path of the folder with `.auth_token` and `config.yaml`. */
  readonly configDir: string;
  /** The port to serve on; 0 picks a free one. */
  readonly port: number;
  /** ms between two heartbeats. */
  readonly heartbeatMs: number;
}

/** The configuration, or every fault of the environment, a line of text each. */
export type ConfigResult =
  | { readonly ok: true; readonly config: AgentConfig }
  | { readonly ok: false; readonly faults: readonly string[] };

/** A container's port in the platform's contract. */
const DEFAULT_PORT = 8000;
/** The platform takes an agent for lost after 90 s without one. */
const DEFAULT_HEARTBEAT_SECONDS = 15;
const MIN_HEARTBEAT_SECONDS = 0.05;
const MAX_HEARTBEAT_SECONDS = 3600;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads and checks the environment to the end. An empty variable counts as one that is not there. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigResult {
  const faults: string[] = [];
  const read = <T>(
    name: string,
    fallback: T | null,
    allowed: string,
    parse: (text: string) => T | null,
  ): T | null => {
    const text = env[name] ?? "";
    if (text === "" && fallback !== null) return fallback;
    const value = text === "" ? null : parse(text);
    if (value === null) faults.push(`${name}: found ${show(text)}, allowed: ${allowed}`);
    return value;
  };

  const workspaceId = read("WORKSPACE_ID", null, "the workspace's id, a UUID", (text) =>
    UUID.test(text) ? text : null,
  );
  const platformUrl = read(
    "PLATFORM_URL",
    null,
    "an http:// or https:// URL without user name, password, query and fragment",
    parseBaseUrl,
  );
  const configDir = read(
    "WORKSPACE_CONFIG_PATH",
    null,
    "the absolute path of the folder with .auth_token and config.yaml",
    (text) => (isAbsolute(text) ? text : null),
  );
  const port = read(
    "AGENT_PORT",
    DEFAULT_PORT,
    "a whole number from 0 (picks a free port) to 65535",
    (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null),
  );
  const heartbeatSeconds = read(
    "AGENT_HEARTBEAT_SECONDS",
    DEFAULT_HEARTBEAT_SECONDS,
    `a number of seconds from ${MIN_HEARTBEAT_SECONDS} to ${MAX_HEARTBEAT_SECONDS}`,
    parseSeconds,
  );
  if (
    workspaceId === null ||
    platformUrl === null ||
    configDir === null ||
    port === null ||
    heartbeatSeconds === null
  ) {
    return { ok: false, faults };
  }
  return {
    ok: true,
    config: { workspaceId, platformUrl, configDir, port, heartbeatMs: heartbeatSeconds * 1000 },
  };
}

function parseBaseUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  const hasExtras = url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "";
  return isHttp && !hasExtras ? url.href.replace(/\/+$/, "") : null;
}

function parseSeconds(text: string): number | null {
  if (!/^\d+(?:\.\d+)?$/.test(text)) return null;
  const seconds = Number(text);
  return seconds >= MIN_HEARTBEAT_SECONDS && seconds <= MAX_HEARTBEAT_SECONDS ? seconds : null;
}

/** A value as a fault shows it. One that may carry a password (user@host) or a key (?key=…) is not repeated. */
function show(text: string): string {
  if (text === "") return "nothing";
  if (/[@?#]/.test(text)) return "a value that may hold a secret (not shown)";
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
