import type { InjectionToken } from "tsyringe";
import type { RuntimeCall } from "./container-runtime.js";

/**
 * What a check of a runtime's image came to:
 * - `unchanged`: the registry has what is known already, or only other platforms' images changed
 * - `seeded`: it was looked at for the first time, and nothing runs that is older
 * - `quarantined`: there is a new image, which the fleet refuses
 * - `rolling-out`: the new image is there already and is on its way to the workspaces
 * - `pulled`: a new image was pulled and is on its way to the workspaces
 * - `would-pull`: as `pulled`, but it was a dry run
 */
export type ImageCheckOutcome =
  "unchanged" | "seeded" | "quarantined" | "rolling-out" | "pulled" | "would-pull";

/** One look at a runtime's image in its registry. */
export interface ImageCheck {
  /** The workspace template's name. */
  readonly runtime: string;
  /** The template's image, e.g. `ghcr.io/acme/x:latest`. */
  readonly reference: string;
  /** What the registry has now, `sha256:…`. */
  readonly digest: string;
  readonly outcome: ImageCheckOutcome;
}

/** Options of a check. */
export interface ImageCheckCall extends RuntimeCall {
  /** Look and tell, change nothing. */
  readonly dryRun: boolean;
}

/** Keeps the images of workspace templates up to date. */
export interface WorkspaceImages {
  /**
   * The runtimes whose image a registry can change: none without the `docker` container runtime; not those whose
   * image is built here or pinned to a digest.
   */
  watched(): readonly string[];
  /**
   * Looks whether the registry has a new image of the runtime; pulls and verifies it, and begins to roll it out. Does
   * not wait for the rollout. What is not known to have arrived is tried again by the next check.
   * @throws a coded error of the registry or the engine; workspaces are untouched then
   */
  check(runtime: string, call: ImageCheckCall): Promise<ImageCheck>;
  /**
   * Removes images that this installation pulled and that nothing has needed for the keep time; nothing when no keep
   * time is set.
   * @returns what was removed, or would be in a dry run
   */
  removeOld(call: ImageCheckCall): Promise<readonly string[]>;
}

/** Resolves to the host's {@link WorkspaceImages}. */
export const WORKSPACE_IMAGES: InjectionToken<WorkspaceImages> = Symbol.for(
  "@molecule/port/workspace-images",
);
