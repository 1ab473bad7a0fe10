import type { WorkspaceRow } from "../storage/schema.js";

/** Payload of WORKSPACE_PROVISIONING; api.md §3. */
export function provisioningPayload(
  row: Pick<WorkspaceRow, "name" | "tier" | "runtime" | "parent_id" | "x" | "y">,
): Record<string, unknown> {
  return {
    name: row.name,
    tier: row.tier,
    runtime: row.runtime,
    ...(row.parent_id === null ? {} : { parent_id: row.parent_id }),
    x: row.x,
    y: row.y,
  };
}
