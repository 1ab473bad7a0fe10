import type Docker from "dockerode";
import type { Mount } from "./mounts.js";
import { NETWORK } from "./network.js";
import type { TierPlan } from "./tiers.js";

/** The port that agents serve on in their container; api.md §8. */
export const AGENT_PORT = 8000;
/** By which containers reach the platform on the engine's machine. */
export const PLATFORM_HOST = "host.docker.internal";
/** Processes and threads below tier 3: room for builds, an end to fork bombs. */
const PIDS_LIMIT = 1024;
/** The engine's socket as a container of tier 4 sees it. */
const SOCKET_IN_CONTAINER = "/var/run/docker.sock";

/**
 * The engine's `HostConfig` of a tier; api.md §8.
 * @param engineSocket the engine's socket on its own machine
 */
export function hostConfig(
  tier: TierPlan,
  mounts: readonly Mount[],
  engineSocket: string,
): Docker.HostConfig {
  const socket: Mount = { type: "bind", source: engineSocket, target: SOCKET_IN_CONTAINER, readOnly: false };
  return {
    RestartPolicy: { Name: "unless-stopped" },
    ExtraHosts: [`${PLATFORM_HOST}:host-gateway`],
    Mounts: (tier.isolation === 4 ? [...mounts, socket] : mounts).map(toEngineMount),
    Memory: tier.memoryBytes,
    NanoCpus: tier.nanoCpus,
    ...network(tier),
    ...isolation(tier),
  };
}

function network({ isolation }: TierPlan): Docker.HostConfig {
  if (isolation === 4) return { NetworkMode: "host" };
  const anyFreePort = { HostIp: "127.0.0.1", HostPort: "" };
  return { NetworkMode: NETWORK, PortBindings: { [`${AGENT_PORT}/tcp`]: [anyFreePort] } };
}

function isolation({ isolation }: TierPlan): Docker.HostConfig {
  if (isolation >= 3) return { Privileged: true, PidMode: "host" };
  const bounds = { PidsLimit: PIDS_LIMIT, SecurityOpt: ["no-new-privileges:true"] };
  if (isolation === 2) return bounds;
  return { ...bounds, ReadonlyRootfs: true, Tmpfs: { "/tmp": "size=64m,mode=1777" } };
}

/** As a mount and not a bind: of a folder that is missing the engine would make one otherwise. */
function toEngineMount({ type, source, target, readOnly }: Mount): Docker.MountSettings {
  return { Type: type, Source: source, Target: target, ReadOnly: readOnly };
}
