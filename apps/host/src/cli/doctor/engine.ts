import type { Clock, ContainerRuntimeKind } from "@molecule/core";
import type { HostConfig } from "../../config/config.js";
import { EngineClient } from "../../runtimes/docker/client.js";
import { readEndpoint, type EngineEndpoint } from "../../runtimes/docker/endpoint.js";
import { findingOf, runCheck, type CheckResult, type Finding } from "./check.js";

/** What runs workspaces here, and what is to be said of it. */
export interface ExaminedEngine {
  readonly result: CheckResult;
  /** What the host would choose; null while its engine is out of reach. */
  readonly kind: ContainerRuntimeKind | null;
  /** The engine that answers; the caller closes it. */
  readonly engine: EngineClient | null;
  /** The engine's socket, whether it answers or not; null where it is reached otherwise or not wanted. */
  readonly socket: string | null;
}

const NAME = "container engine";

/** Looks for the container engine as the host would. */
export async function examineEngine(config: HostConfig, clock: Clock): Promise<ExaminedEngine> {
  const { containerRuntime: asked, environment } = config;
  const nothing = { engine: null, socket: null };
  if (asked === "none") {
    const finding = "not wanted (CONTAINER_RUNTIME=none): only external workspaces run";
    return { result: { name: NAME, status: "ok", finding }, kind: asked, ...nothing };
  }
  if (asked === "process") {
    const finding: Finding = { status: "ok", finding: "not wanted (CONTAINER_RUNTIME=process)" };
    const strict: Finding = { ...finding, status: "warn", hint: "local processes are not isolated" };
    const told = environment === "development" ? finding : strict;
    return { result: { name: NAME, ...told }, kind: asked, ...nothing };
  }
  const endpoint = readOrError(config);
  if (endpoint instanceof Error) {
    return { result: { name: NAME, ...findingOf(endpoint) }, kind: null, ...nothing };
  }
  const { connection } = endpoint;
  const socket = connection.kind === "socket" ? connection.path : null;
  const engine = new EngineClient(endpoint, clock);
  const result = await runCheck(NAME, clock, async (signal) => {
    const { version, apiVersion } = await engine.facts(signal);
    return { status: "ok", finding: `Docker ${version} answers at ${engine.address}, API ${apiVersion}` };
  });
  if (result.status === "ok") return { result, kind: "docker", engine, socket };
  engine.close();
  if (asked === "docker") return { result, kind: null, engine: null, socket };
  if (environment === "development") {
    const hint = "local processes are used instead, which are not isolated";
    return { result: { ...result, status: "warn", hint }, kind: "process", ...nothing };
  }
  const hint = "no workspace can be started without; CONTAINER_RUNTIME=none says that this is wanted";
  return { result: { ...result, hint }, kind: null, engine: null, socket };
}

function readOrError({ docker }: HostConfig): EngineEndpoint | Error {
  try {
    return readEndpoint({
      DOCKER_HOST: docker.host,
      DOCKER_TLS_VERIFY: docker.tlsVerify,
      DOCKER_CERT_PATH: docker.certPath,
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
