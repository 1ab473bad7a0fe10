import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";

/** The variables by which Docker's own clients find their engine. */
export interface DockerEnv {
  readonly DOCKER_HOST?: string | undefined;
  readonly DOCKER_TLS_VERIFY?: string | undefined;
  readonly DOCKER_CERT_PATH?: string | undefined;
}

/** Where the engine is. */
export interface EngineEndpoint {
  /** For messages, e.g. `unix:///var/run/docker.sock`; holds no secret. */
  readonly address: string;
  readonly connection:
    | { readonly kind: "socket"; readonly path: string }
    | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls: TlsFiles | null };
}

/** What is needed to speak TLS with the engine, as PEM. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const SYSTEM_SOCKET = "/var/run/docker.sock";
const WINDOWS_PIPE = "//./pipe/docker_engine";

/**
 * Reads the variables as Docker's own clients do. `DOCKER_CERT_PATH` alone means TLS too, and TLS is always
 * verified.
 * @throws DOCKER_HOST_REFUSED, DOCKER_CERTIFICATES_UNREADABLE
 */
export function readEndpoint(env: DockerEnv): EngineEndpoint {
  const found = env.DOCKER_HOST ?? "";
  if (found === "") return defaultEndpoint();
  const separator = found.indexOf("://");
  const scheme = separator < 0 ? "tcp" : found.slice(0, separator);
  const rest = separator < 0 ? found : found.slice(separator + "://".length);
  const refuse = (reason: string) =>
    runtimeErrors.DOCKER_HOST_REFUSED({ found: withoutPassword(found), reason });
  switch (scheme) {
    case "unix":
      return rest === "" ? defaultEndpoint() : socketAt(rest, "unix");
    case "npipe":
      return socketAt(rest === "" ? WINDOWS_PIPE : rest, "npipe");
    case "tcp":
    case "http":
    case "https":
      return tcpEndpoint(scheme, rest, env, refuse);
    case "ssh":
      throw refuse("SSH is not supported; forward the engine's socket with ssh -L and give that");
    default:
      throw refuse(`the scheme ${scheme}:// is unknown`);
  }
}

function tcpEndpoint(
  scheme: "tcp" | "http" | "https",
  rest: string,
  env: DockerEnv,
  refuse: (reason: string) => Error,
): EngineEndpoint {
  // Whatever the scheme: of http the parser would drop port 80, since that is its own.
  const text = `tcp://${rest}`;
  if (!URL.canParse(text)) throw refuse("it has no valid host and port");
  const url = new URL(text);
  if (url.username !== "" || url.pathname.length > 1)
    throw refuse("only a host and a port may follow the scheme");
  const verify = env.DOCKER_TLS_VERIFY ?? "";
  const certPath = env.DOCKER_CERT_PATH ?? "";
  const tls = scheme === "https" || verify !== "" || certPath !== "";
  const port = url.port === "" ? (tls ? 2376 : 2375) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    address: `tcp://${url.hostname}:${port}`,
    connection: { kind: "tcp", host, port, tls: tls ? readTls(certPath) : null },
  };
}

function readTls(certPath: string): TlsFiles {
  const folder = certPath === "" ? join(homedir(), ".docker") : certPath;
  const read = (name: string) => {
    const path = join(folder, name);
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw runtimeErrors.DOCKER_CERTIFICATES_UNREADABLE(
        { path, reason: messageOf(error) },
        { cause: error },
      );
    }
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/** The system-wide engine, or that of Docker Desktop where only that one is there. */
function defaultEndpoint(): EngineEndpoint {
  if (process.platform === "win32") return socketAt(WINDOWS_PIPE, "npipe");
  const desktop = join(homedir(), ".docker", "run", "docker.sock");
  return socketAt(!existsSync(SYSTEM_SOCKET) && existsSync(desktop) ? desktop : SYSTEM_SOCKET, "unix");
}

function socketAt(path: string, scheme: "unix" | "npipe"): EngineEndpoint {
  return { address: `${scheme}://${path}`, connection: { kind: "socket", path } };
}

function withoutPassword(text: string): string {
  return text.replace(/:\/\/[^@/]*@/, "://…@");
}
