import { Position, type Edge, type NodeHandle } from "@xyflow/react";
import { CARD, type Positions } from "../state/layout.js";
import type { Workspace } from "../state/state.js";
import { statusWord } from "../state/status.js";
import type { WorkspaceNodeType } from "./WorkspaceNode.js";

/** Where edges meet a card. Given here, so that the graph library need not measure what has one size. */
const HANDLES: NodeHandle[] = [
  { type: "target", position: Position.Top, x: CARD.width / 2, y: 0, width: 0, height: 0 },
  { type: "source", position: Position.Bottom, x: CARD.width / 2, y: CARD.height, width: 0, height: 0 },
];

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
    measured: CARD,
    handles: HANDLES,
    ariaLabel: `${workspace.name}, ${statusWord(workspace.status)}, runtime ${workspace.runtime}`,
  };
}

/** An edge from each parent to each of its children. */
export function edgesOf(workspaces: ReadonlyMap<string, Workspace>): Edge[] {
  const edges: Edge[] = [];
  for (const { id, parentId } of workspaces.values()) {
    if (parentId === null || !workspaces.has(parentId)) continue;
    edges.push({
      id: `${parentId}-${id}`,
      source: parentId,
      target: id,
      type: "smoothstep",
      focusable: false,
    });
  }
  return edges;
}
