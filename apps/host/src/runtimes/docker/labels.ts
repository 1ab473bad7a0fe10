import type { ObjectOwner } from "@molecule/core";

/**
 * The labels by which an engine object is known; design.md §4. Decisions use these and full ids, names are for
 * people.
 */
const LABELS = {
  managed: "molecule.platform.managed",
  /** Id of the installation that made the object. */
  instance: "molecule.platform.instance",
  workspaceId: "molecule.workspace.id",
  attempt: "molecule.workspace.attempt",
  /** The workspace template, by which an image refresh finds its containers; api.md §9. */
  runtime: "molecule.workspace.runtime",
} as const;

/** Labels as the engine gives them; null where there are none. */
export type FoundLabels = Readonly<Record<string, string>> | null | undefined;

/** Labels of what belongs to the installation as a whole. */
export function instanceLabels(instanceId: string): Record<string, string> {
  return { [LABELS.managed]: "true", [LABELS.instance]: instanceId };
}

/** Labels of what belongs to one workspace. */
export function workspaceLabels(
  instanceId: string,
  workspace: { readonly workspaceId: string; readonly attempt: number; readonly runtime: string },
): Record<string, string> {
  return {
    ...instanceLabels(instanceId),
    [LABELS.workspaceId]: workspace.workspaceId,
    [LABELS.attempt]: String(workspace.attempt),
    [LABELS.runtime]: workspace.runtime,
  };
}

/** The engine's filter for what {@link belongsTo} accepts. */
export function workspaceFilter(instanceId: string, workspaceId: string): { label: string[] } {
  return {
    label: [
      `${LABELS.managed}=true`,
      `${LABELS.instance}=${instanceId}`,
      `${LABELS.workspaceId}=${workspaceId}`,
    ],
  };
}

/** Whether this installation made the object for this workspace. */
export function belongsTo(labels: FoundLabels, instanceId: string, workspaceId: string): boolean {
  return (
    labels?.[LABELS.managed] === "true" &&
    labels[LABELS.instance] === instanceId &&
    labels[LABELS.workspaceId] === workspaceId
  );
}

/** Whose the object is, by its labels alone. */
export function ownerOf(labels: FoundLabels, instanceId: string): ObjectOwner {
  const instance = labels?.[LABELS.instance];
  if (labels?.[LABELS.managed] === "true" && instance === instanceId) return "ours";
  return labels?.[LABELS.managed] === undefined && instance === undefined ? "unlabelled" : "foreign";
}

/** What the labels say of the workspace; null for what they do not say. */
export function workspaceFacts(labels: FoundLabels): {
  readonly workspaceId: string | null;
  readonly attempt: number | null;
  readonly runtime: string | null;
} {
  return {
    workspaceId: labels?.[LABELS.workspaceId] ?? null,
    attempt: /^\d+$/.test(labels?.[LABELS.attempt] ?? "") ? attemptOf(labels) : null,
    runtime: labels?.[LABELS.runtime] ?? null,
  };
}

/** The attempt that made the object; 0, older than any, where the label does not say. */
export function attemptOf(labels: FoundLabels): number {
  const text = labels?.[LABELS.attempt] ?? "";
  return /^\d+$/.test(text) ? Number(text) : 0;
}
