import type { ContainerRuntimeKind } from "@molecule/core";
import type { WorkspaceRow } from "../storage/schema.js";

/**
 * Whether this installation has brought the workspace's agent up, which may then have a private address: that of a
 * container on the machine's own network. Where nothing was ever started, an agent comes from elsewhere, whatever the
 * workspace was made for.
 */
export function hasOwnContainer(
  { external, handle }: Pick<WorkspaceRow, "external" | "handle">,
  kind: ContainerRuntimeKind,
): boolean {
  return kind !== "none" && !external && handle !== null;
}
