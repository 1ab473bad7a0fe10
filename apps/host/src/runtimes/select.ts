import type { Clock, ContainerRuntime, EngineInventory, Logger, RuntimeHealth } from "@molecule/core";
import type { HostConfig } from "../config/config.js";
import { DockerRuntime } from "./docker/docker-runtime.js";
import type { FindLogin } from "./docker/pull.js";
import { NoneRuntime } from "./none.js";
import { ProcessRuntime } from "./process/process-runtime.js";

/** Ms that the engine has to answer when it is looked for. */
const LOOK_TIMEOUT_MS = 3000;

/** What the choice depends on and the runtimes are made from. */
export interface SelectOptions {
  readonly config: Pick<
    HostConfig,
    "containerRuntime" | "environment" | "docker" | "allowPrivileged" | "tiers" | "dataDir"
  >;
  /** Of this installation; stamped on every object of the engine. */
  readonly instanceId: string;
  /** Of this host. */
  readonly hostId: string;
  /** The manifest's folder. Absolute. */
  readonly manifestDir: string;
  /** The host's environment, of which local processes get `PATH` and `LANG`. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** For the registries that images are pulled from. */
  readonly findLogin: FindLogin;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The runtime chosen, and why, in one line for the log. */
export interface SelectedRuntime {
  /** With the inventory of all that the driver's engine holds. */
  readonly runtime: ContainerRuntime & { readonly inventory: EngineInventory };
  readonly reason: string;
}

/**
 * Chooses the container runtime by `CONTAINER_RUNTIME`; `auto` is Docker when its engine answers, else local
 * processes in development, else none. One that is asked for by name is taken even when it is not available yet.
 * @throws DOCKER_HOST_REFUSED, DOCKER_CERTIFICATES_UNREADABLE
 */
export async function selectRuntime(options: SelectOptions): Promise<SelectedRuntime> {
  const asked = options.config.containerRuntime;
  const because = `CONTAINER_RUNTIME=${asked}`;
  switch (asked) {
    case "docker":
      return { runtime: dockerRuntime(options), reason: because };
    case "process":
      return { runtime: processRuntime(options), reason: because };
    case "none":
      return { runtime: new NoneRuntime(because), reason: because };
    case "auto":
      return await selectAutomatically(options);
  }
}

async function selectAutomatically(options: SelectOptions): Promise<SelectedRuntime> {
  const docker = dockerRuntime(options);
  const engine = await look(docker, options.clock);
  if (engine.available) return { runtime: docker, reason: engine.detail };
  await docker.close();
  if (options.config.environment !== "development") {
    const reason = `${engine.reason}; local processes are for development only`;
    return { runtime: new NoneRuntime(reason), reason };
  }
  const processes = processRuntime(options);
  const local = await look(processes, options.clock);
  if (local.available) return { runtime: processes, reason: `${local.detail}, since ${engine.reason}` };
  await processes.close();
  const reason = `${engine.reason}; ${local.reason}`;
  return { runtime: new NoneRuntime(reason), reason };
}

async function look(runtime: ContainerRuntime, clock: Clock): Promise<RuntimeHealth> {
  const bound = new AbortController();
  const cancelTimer = clock.timer(() => {
    bound.abort(new Error(`nothing has answered within ${LOOK_TIMEOUT_MS} ms`));
  }, LOOK_TIMEOUT_MS);
  try {
    return await runtime.check(bound.signal);
  } finally {
    cancelTimer();
  }
}

function dockerRuntime({
  config,
  instanceId,
  manifestDir,
  findLogin,
  clock,
}: SelectOptions): SelectedRuntime["runtime"] {
  const { host, tlsVerify, certPath } = config.docker;
  return new DockerRuntime({
    instanceId,
    dockerEnv: { DOCKER_HOST: host, DOCKER_TLS_VERIFY: tlsVerify, DOCKER_CERT_PATH: certPath },
    limits: { allowPrivileged: config.allowPrivileged, sizes: config.tiers },
    manifestDir,
    findLogin,
    clock,
  });
}

function processRuntime({
  config,
  hostId,
  manifestDir,
  hostEnv,
  clock,
  log,
}: SelectOptions): SelectedRuntime["runtime"] {
  return new ProcessRuntime({ dataDir: config.dataDir, hostId, manifestDir, hostEnv, clock, log });
}
