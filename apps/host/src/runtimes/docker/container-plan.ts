import type { LaunchSpec } from "@molecule/core";
import type Docker from "dockerode";
import { workspaceObjectName } from "../workspace-name.js";
import { planFiles, type FilePlan } from "./files.js";
import { AGENT_PORT, hostConfig } from "./host-config.js";
import { workspaceLabels } from "./labels.js";
import { planMounts } from "./mounts.js";
import { NETWORK } from "./network.js";
import { planTier, type TierLimits } from "./tiers.js";
import { planVolumes, type VolumePlan } from "./volumes.js";

/** Facts of the installation and its engine. */
export interface PlanContext {
  readonly instanceId: string;
  readonly limits: TierLimits;
  readonly engineCpus: number;
  /** The engine's socket on its own machine. */
  readonly engineSocket: string;
}

/** All that is decided before the engine is asked for anything. */
export interface ContainerPlan {
  readonly name: string;
  readonly volumes: readonly VolumePlan[];
  readonly files: FilePlan;
  /** Body of `POST /containers/create` without the image. */
  readonly options: Docker.ContainerCreateOptions;
  readonly notices: readonly string[];
}

/**
 * What a launch comes to; api.md §8.
 * @throws LAUNCH_FILE_REFUSED
 */
export function planContainer(spec: LaunchSpec, context: PlanContext): ContainerPlan {
  const { workspaceId, attempt, template } = spec;
  const tier = planTier(spec.tier, context.limits, context.engineCpus);
  const volumes = planVolumes(spec, tier.isolation);
  const mounts = planMounts(spec, volumes, tier);
  return {
    name: workspaceObjectName(workspaceId),
    volumes,
    files: planFiles(spec.files, mounts, tier.isolation === 1),
    options: {
      // An entry without "=" removes the variable of the image (Docker API, ContainerCreate).
      Env: [...Object.entries(spec.env).map(([key, value]) => `${key}=${value}`), ...spec.unsetEnv],
      Labels: workspaceLabels(context.instanceId, { workspaceId, attempt, runtime: template.name }),
      ...(tier.isolation === 4 ? {} : networking(spec.name)),
      HostConfig: hostConfig(tier, mounts, context.engineSocket),
    },
    notices: [...tier.notices, ...folderNotices(spec, tier.isolation)],
  };
}

function folderNotices({ workspaceDir }: LaunchSpec, isolation: number): string[] {
  if (workspaceDir === undefined || isolation !== 1) return [];
  return [`tier 1 has no /workspace: ${workspaceDir.path} is not mounted; choose another tier to have it`];
}

function networking(name: string): Docker.ContainerCreateOptions {
  const alias = slug(name);
  return {
    ExposedPorts: { [`${AGENT_PORT}/tcp`]: {} },
    NetworkingConfig: { EndpointsConfig: { [NETWORK]: alias === "" ? {} : { Aliases: [alias] } } },
  };
}

/** A name as a DNS label (RFC 1123); empty when nothing of it can stand in one. */
function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, 63)
    .replace(/-$/, "");
}
