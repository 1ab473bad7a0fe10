import {
  Background,
  BackgroundVariant,
  Controls,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
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
/** What the platform tells while nothing was saved (api.md §5). */
const NEVER_MOVED: Viewport = { x: 0, y: 0, zoom: 1 };
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
  const movedFrom = useRef<Viewport | null>(null);
  const { getViewport } = useReactFlow();
  const { keepFitting } = useKeepInView(canvas, start === null);
  const onNodesChange = useCallback(
    (changes: NodeChange<WorkspaceNodeType>[]) => {
      const chosen = chosenBy(changes);
      if (chosen !== undefined) session.select(chosen);
      for (const change of changes) {
        if (change.type === "position" && change.position !== undefined)
          session.cardMoved(change.id, change.position);
      }
    },
    [session],
  );
  const moved = (isFitted: boolean) => {
    keepFitting(isFitted);
    session.viewportMoved(getViewport);
  };
  const onMoveEnd = (event: MouseEvent | TouchEvent | null, viewport: Viewport) => {
    // Without an event it was not the user; a mere click ends a move that led nowhere.
    if (event !== null && !isSame(movedFrom.current, viewport)) moved(false);
  };
  return (
    <ReactFlow
      ref={canvas}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      onNodesChange={onNodesChange}
      onMoveStart={(_, viewport) => {
        movedFrom.current = viewport;
      }}
      onMoveEnd={onMoveEnd}
      {...(start === null ? { fitView: true, fitViewOptions: FIT } : { defaultViewport: start })}
      nodeDragThreshold={4}
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
        onZoomIn={() => {
          moved(false);
        }}
        onZoomOut={() => {
          moved(false);
        }}
        onFitView={() => {
          moved(true);
        }}
      />
    </ReactFlow>
  );
}

/** Where the canvas was left; null when nobody has moved it yet, so that it is fitted. */
function startOf(saved: Viewport | null): Viewport | null {
  return isSame(saved, NEVER_MOVED) ? null : saved;
}

function isSame(one: Viewport | null, other: Viewport): boolean {
  return one?.x === other.x && one.y === other.y && one.zoom === other.zoom;
}

/** What the user selected: an id, null for nothing, undefined when the changes are about something else. */
function chosenBy(changes: readonly NodeChange<WorkspaceNodeType>[]): string | null | undefined {
  const selections = changes.filter((change) => change.type === "select");
  if (selections.length === 0) return undefined;
  return selections.find((change) => change.selected)?.id ?? null;
}
