import {
  Background,
  BackgroundVariant,
  Controls,
  ReactFlow,
  ReactFlowProvider,
  type NodeChange,
  type Viewport,
} from "@xyflow/react";
import { useCallback, useMemo, useRef, useState } from "react";
import "@xyflow/react/dist/base.css";
import "../styles/graph.css";
import { edgesOf, nodesOf } from "./graph-model.js";
import { FIT, useKeepInView } from "./use-keep-in-view.js";
import { useSelected, useSession, useWorkspaces } from "./use-session.js";
import { WorkspaceNode, type WorkspaceNodeType } from "./WorkspaceNode.js";

const NODE_TYPES = { workspace: WorkspaceNode };
/** Up to here drawing all cards costs less than finding out which ones show. */
const DRAW_ALL_UP_TO = 200;

/** The workspaces as a graph: who is whose parent, and how each one fares. */
export function Graph() {
  return (
    <ReactFlowProvider>
      <Flow />
    </ReactFlowProvider>
  );
}

function Flow() {
  const session = useSession();
  const workspaces = useWorkspaces();
  const positions = useSelected((state) => state.positions);
  const selectedId = useSelected((state) => state.selectedId);
  const nodes = useMemo(
    () => nodesOf(workspaces, positions, selectedId),
    [workspaces, positions, selectedId],
  );
  const edges = useMemo(() => edgesOf(workspaces), [workspaces]);
  const [start] = useState(() => startOf(session.store.get().viewport));
  const canvas = useRef<HTMLDivElement>(null);
  const isByButton = useRef(false);
  const { userMoved } = useKeepInView(canvas, start === null);
  const onNodesChange = useCallback(
    (changes: NodeChange<WorkspaceNodeType>[]) => {
      const chosen = chosenBy(changes);
      if (chosen !== undefined) session.select(chosen);
    },
    [session],
  );
  const onMoveEnd = (event: MouseEvent | TouchEvent | null, viewport: Viewport) => {
    // Without an event it was this page that moved, or one of the buttons.
    if (event === null && !isByButton.current) return;
    isByButton.current = false;
    userMoved();
    session.viewportMoved(viewport);
  };
  const byButton = () => {
    isByButton.current = true;
  };
  return (
    <ReactFlow
      ref={canvas}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      onNodesChange={onNodesChange}
      onMoveEnd={onMoveEnd}
      {...(start === null ? { fitView: true, fitViewOptions: FIT } : { defaultViewport: start })}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      onlyRenderVisibleElements={nodes.length > DRAW_ALL_UP_TO}
      colorMode="system"
      minZoom={0.15}
      maxZoom={1.75}
    >
      <Background variant={BackgroundVariant.Dots} gap={24} size={1.2} />
      <Controls
        showInteractive={false}
        fitViewOptions={FIT}
        onZoomIn={byButton}
        onZoomOut={byButton}
        onFitView={byButton}
      />
    </ReactFlow>
  );
}

/** Where the canvas was left; null when nobody has moved it yet (api.md §5), so that it is fitted. */
function startOf(saved: Viewport | null): Viewport | null {
  if (saved === null || (saved.x === 0 && saved.y === 0 && saved.zoom === 1)) return null;
  return saved;
}

/** What the user selected: an id, null for nothing, undefined when the changes are about something else. */
function chosenBy(changes: readonly NodeChange<WorkspaceNodeType>[]): string | null | undefined {
  const selections = changes.filter((change) => change.type === "select");
  if (selections.length === 0) return undefined;
  return selections.find((change) => change.selected)?.id ?? null;
}
