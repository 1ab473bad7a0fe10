import type { Executor } from "../storage/schema.js";
import type { KeptImage } from "./rollouts.js";

/**
 * The images that something may be started with again: what a workspace runs, or is pinned to; what a swap goes back
 * to; what a rollout brings; the last good one of each runtime; and those in quarantine, which are told from others by
 * their id in the engine.
 */
export async function keptImages(db: Executor): Promise<KeptImage[]> {
  const image = ["image_id as imageId", "digest"] as const;
  const found = await Promise.all([
    db.selectFrom("proven_images").select(image).execute(),
    db.selectFrom("image_quarantine").select(image).execute(),
    db.selectFrom("rollouts").select(image).where("status", "=", "running").execute(),
    db
      .selectFrom("workspace_swaps")
      .select(["old_image_id as imageId", "old_image_digest as digest"])
      .execute(),
    db
      .selectFrom("workspaces")
      .select(["image_id as imageId", "image_digest as digest"])
      .where("status", "<>", "removed")
      .distinct()
      .execute(),
    db
      .selectFrom("workspaces")
      .select((select) => [select.lit(null).as("imageId"), "image_pin as digest"])
      .where("status", "<>", "removed")
      .where("image_pin", "is not", null)
      .execute(),
  ]);
  return found.flat();
}
