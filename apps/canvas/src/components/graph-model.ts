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

/** A node for each workspace. A node that `before` holds for the same facts is kept: it is not drawn again. */
export function nodesOf(
  workspaces: ReadonlyMap<string, Workspace>,
  positions: Positions,
  selectedId: string | null,
  before: ReadonlyMap<string, WorkspaceNodeType>,
): Map<string, WorkspaceNodeType> {
  const nodes = new Map<string, WorkspaceNodeType>();
  for (const workspace of workspaces.values()) {
    const position = positions.get(workspace.id) ?? { x: workspace.x, y: workspace.y };
    const selected = workspace.id === selectedId;
    const known = before.get(workspace.id);
    const isSame =
      known?.data.workspace === workspace &&
      known.selected === selected &&
      known.position.x === position.x &&
      known.position.y === position.y;
    nodes.set(workspace.id, isSame ? known : nodeOf(workspace, position, selected));
  }
  return nodes;
}

function nodeOf(
  workspace: Workspace,
  position: { readonly x: number; readonly y: number },
  selected: boolean,
): WorkspaceNodeType {
  return {
    id: workspace.id,
    type: "workspace",
    position: { x: position.x, y: position.y },
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
    edges.push({ id: `${parentId}-${id}`, source: parentId, target: id, type: "smoothstep", focusable: false });
  }
  return edges;
}
