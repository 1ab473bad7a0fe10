import type { SweepFuse } from "@molecule/core";

/** Workspaces that a pass may always remove. */
const ALWAYS_ALLOWED = 3;
/** Share of the workspaces in the engine that a pass may remove. */
const ALLOWED_SHARE = 0.1;

/** What the fuse makes of a pass. */
export interface FuseDecision {
  /** Workspaces whose suspect objects may be removed now. */
  readonly allowed: readonly string[];
  /** Blow it over these; null: leave it as it is. */
  readonly blow: readonly string[] | null;
  readonly mend: boolean;
}

/**
 * How many workspaces a pass may remove on suspicion.
 * @param workspaces in the engine, of this installation
 */
export function fuseLimit(workspaces: number): number {
  return Math.max(ALWAYS_ALLOWED, Math.floor(workspaces * ALLOWED_SHARE));
}

/**
 * Decides what may be removed on suspicion.
 * @param ripe workspaces with objects that would be removed
 * @param suspects workspaces with suspect objects, those that wait included
 */
export function decideFuse(
  ripe: readonly string[],
  suspects: readonly string[],
  limit: number,
  fuse: SweepFuse,
): FuseDecision {
  if (fuse.state === "whole") {
    return ripe.length > limit
      ? { allowed: [], blow: ripe, mend: false }
      : { allowed: ripe, blow: null, mend: false };
  }
  const listed = new Set(fuse.workspaceIds);
  if (fuse.state === "blown") {
    const isNew = ripe.some((id) => !listed.has(id));
    return { allowed: [], blow: isNew ? ripe : null, mend: suspects.length === 0 };
  }
  // Only what the operator was shown is confirmed; what turned up since waits until that is done, and is judged anew.
  const open = suspects.some((id) => listed.has(id));
  return { allowed: ripe.filter((id) => listed.has(id)), blow: null, mend: !open };
}
