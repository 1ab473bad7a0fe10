import type { Edge } from "@xyflow/react";
import { CARD, type Positions } from "../state/board.js";
import type { Workspace } from "../state/state.js";
import { statusWord } from "../state/status.js";
import type { WorkspaceNodeType } from "./WorkspaceNode.js";

/** The last node that was made for the same facts: given again, it is not drawn again. */
const made = new WeakMap<Workspace, WorkspaceNodeType>();

/** A node for each workspace. */
export function nodesOf(
  workspaces: ReadonlyMap<string, Workspace>,
  positions: Positions,
  selectedId: string | null,
): WorkspaceNodeType[] {
  return [...workspaces.values()].map((workspace) => {
    const { x, y } = positions.get(workspace.id) ?? workspace;
    const selected = workspace.id === selectedId;
    const known = made.get(workspace);
    if (known?.selected === selected && known.position.x === x && known.position.y === y) return known;
    const node = nodeOf(workspace, { x, y }, selected);
    made.set(workspace, node);
    return node;
  });
}

function nodeOf(
  workspace: Workspace,
  position: { x: number; y: number },
  selected: boolean,
): WorkspaceNodeType {
  return {
    id: workspace.id,
    type: "workspace",
    position,
    data: { workspace },
    selected,
    ...CARD,
    // Without it, the library forgets where edges meet the card each time the workspace changes.
    measured: CARD,
    ariaLabel: `${workspace.name}, ${statusWord(workspace.status)}, runtime ${workspace.runtime}`,
  };
}

/** An edge from each parent to each of its children. */
export function edgesOf(workspaces: ReadonlyMap<string, Workspace>): Edge[] {
  const edges: Edge[] = [];
  for (const { id, name, parentId } of workspaces.values()) {
    const parent = parentId === null ? undefined : workspaces.get(parentId);
    if (parent === undefined) continue;
    edges.push({
      id: `${parent.id}-${id}`,
      source: parent.id,
      target: id,
      type: "smoothstep",
      ariaLabel: `${parent.name} is the parent of ${name}`,
    });
  }
  return edges;
}
