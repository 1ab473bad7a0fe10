import type { WorkspaceTemplate } from "@molecule/core";
import type { Executor } from "../storage/schema.js";
import type { ImageQuarantine } from "./quarantine.js";
import type { RolloutStore } from "./rollout-store.js";
import type { RolloutOverview, RunningRollout } from "./rollouts.js";

/** What the overview is made from. */
export interface OverviewServices {
  readonly db: Executor;
  readonly quarantine: ImageQuarantine;
  readonly rollouts: RolloutStore;
  readonly templates: readonly WorkspaceTemplate[];
}

/** Per template: what is being rolled out, what runs, what is kept back. */
export async function rolloutOverview(services: OverviewServices): Promise<RolloutOverview[]> {
  const { db, quarantine, templates } = services;
  const [rows, used, kept] = await Promise.all([
    db.selectFrom("rollouts").selectAll().where("status", "=", "running").execute(),
    db
      .selectFrom("workspaces")
      .select(["runtime", "image_id", "image_digest"])
      .select((select) => select.fn.countAll<number>().as("workspaces"))
      .where("status", "in", ["online", "degraded"])
      .where("external", "=", false)
      .groupBy(["runtime", "image_id", "image_digest"])
      .execute(),
    quarantine.list(),
  ]);
  const running = await Promise.all(rows.map((row) => describeRollout(services, row)));
  return templates.map(({ name: runtime }) => ({
    runtime,
    rollout: running.find((each) => each.runtime === runtime)?.rollout ?? null,
    running: used
      .filter((each) => each.runtime === runtime)
      .map((each) => ({
        digest: each.image_digest,
        imageId: each.image_id,
        workspaces: each.workspaces,
      }))
      .sort((a, b) => b.workspaces - a.workspaces),
    quarantine: kept.filter((each) => each.runtime === runtime),
  }));
}

async function describeRollout(
  { db, rollouts }: OverviewServices,
  row: Awaited<ReturnType<RolloutStore["get"]>>,
): Promise<{ runtime: string; rollout: RunningRollout }> {
  const [swaps, results, candidates] = await Promise.all([
    db
      .selectFrom("workspace_swaps")
      .select(["workspace_id", "phase"])
      .where("rollout_id", "=", row.id)
      .orderBy("created_at")
      .execute(),
    rollouts.results(row.id),
    rollouts.candidates(row),
  ]);
  return {
    runtime: row.runtime,
    rollout: {
      id: row.id,
      reference: row.reference,
      digest: row.digest,
      requestedBy: row.requested_by,
      proven: row.proven,
      recreated: results.filter(({ outcome }) => outcome === "recreated").length,
      remaining: candidates.length,
      swaps: swaps.map((swap) => ({ workspaceId: swap.workspace_id, phase: swap.phase })),
      startedAt: row.created_at.toISOString(),
    },
  };
}
