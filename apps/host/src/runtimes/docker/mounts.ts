import type { LaunchSpec } from "@molecule/core";
import type { TierPlan } from "./tiers.js";
import type { VolumePlan } from "./volumes.js";

/** What a container has mounted. */
export interface Mount {
  readonly type: "volume" | "bind";
  /** A volume's name, or a folder of the engine's machine. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** The workspace's volumes and, above tier 1, its folder of the machine. */
export function planMounts(
  spec: LaunchSpec,
  volumes: readonly VolumePlan[],
  { isolation }: TierPlan,
): Mount[] {
  const mounts: Mount[] = volumes.map(({ name, target }) => ({
    type: "volume",
    source: name,
    target,
    readOnly: false,
  }));
  const { workspaceDir } = spec;
  if (workspaceDir === undefined || isolation === 1) return mounts;
  const { path, readOnly } = workspaceDir;
  return [...mounts, { type: "bind", source: path, target: "/workspace", readOnly }];
}
