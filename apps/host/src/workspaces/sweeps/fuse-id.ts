import { createHash } from "node:crypto";
import type { SweepFuse } from "@molecule/core";

/** The fuse as operators see it: what is confirmed is exactly what was shown. */
export type FuseView = SweepFuse & { readonly id?: string };

/** Names what a blown fuse holds back: the same workspaces have the same name, in whatever order. */
export function fuseId(workspaceIds: readonly string[]): string {
  return createHash("sha256").update(workspaceIds.toSorted().join()).digest("hex").slice(0, 12);
}

/** With its id, where there is something to confirm. */
export function viewFuse(fuse: SweepFuse): FuseView {
  return fuse.state === "whole" ? fuse : { ...fuse, id: fuseId(fuse.workspaceIds) };
}
