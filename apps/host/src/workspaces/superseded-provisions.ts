import { messageOf, type Logger } from "@molecule/core";
import type { EventLog } from "../storage/event-log.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { Provisioner } from "./provisioner.js";

/** Events with which the attempt at hand ends. */
const SUPERSEDING: ReadonlySet<string> = new Set([
  "WORKSPACE_REMOVED",
  "WORKSPACE_PAUSED",
  "WORKSPACE_PROVISIONING",
  "WORKSPACE_PROVISION_FAILED",
]);

/** Statuses in which the current attempt's container is wanted; an agent may register before its launch has ended. */
const UNDER_WAY: ReadonlySet<string> = new Set(["provisioning", "online", "degraded"]);

/**
 * Gives up the provisions of this host whose workspace was removed, paused or restarted by another one, which waits
 * for its turn in the engine.
 * @returns ends it
 */
export function giveUpSuperseded(services: {
  events: Pick<EventLog, "subscribe">;
  workspaces: WorkspaceStore;
  provisioner: Provisioner;
  log: Logger;
}): () => void {
  const { events, workspaces, provisioner, log } = services;
  const look = async (workspaceId: string) => {
    try {
      const row = await workspaces.get(workspaceId);
      const attempt = row?.attempt ?? Infinity;
      const isCurrent = row !== undefined && UNDER_WAY.has(row.status);
      await provisioner.cancel(workspaceId, isCurrent ? attempt - 1 : attempt);
    } catch (error) {
      log.warn(`can't tell whether a provision was superseded: ${messageOf(error)}`, { workspaceId });
    }
  };
  return events.subscribe(({ event_type, workspace_id }) => {
    if (workspace_id === null || !SUPERSEDING.has(event_type)) return;
    if (provisioner.isRunning(workspace_id)) void look(workspace_id);
  });
}
