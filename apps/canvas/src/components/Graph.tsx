import {
  Background,
  BackgroundVariant,
  Controls,
  ReactFlow,
  useReactFlow,
  type NodeChange,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { CARD } from "../state/layout.js";
import { edgesOf, nodesOf } from "./graph-model.js";
import { useSelected, useSession, useWorkspaces } from "./use-session.js";
import { WorkspaceNode, type WorkspaceNodeType } from "./WorkspaceNode.js";

const NODE_TYPES = { workspace: WorkspaceNode };
const FIT = { padding: 0.2, maxZoom: 1 } as const;

/** The workspaces as a graph: who is whose parent, and how each one fares. */
export function Graph() {
  const session = useSession();
  const nodes = useNodes();
  const edges = useEdges();
  const canvas = useRef<HTMLDivElement>(null);
  const [saved] = useState(() => session.store.get().viewport);
  const wasSaved = saved !== null && (saved.x !== 0 || saved.y !== 0 || saved.zoom !== 1);
  const isOurMove = useKeepInView(canvas, wasSaved);
  const onNodesChange = useCallback(
    (changes: NodeChange<WorkspaceNodeType>[]) => {
      const chosen = selectionIn(changes);
      if (chosen === undefined) return;
      session.select(chosen);
    },
    [session],
  );
  return (
    <ReactFlow
      ref={canvas}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      onNodesChange={onNodesChange}
      onMoveEnd={(_, viewport) => {
        if (!isOurMove()) session.viewportMoved(viewport);
      }}
      {...(wasSaved ? { defaultViewport: saved } : { fitView: true, fitViewOptions: FIT })}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      elevateNodesOnSelect={false}
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      onlyRenderVisibleElements={nodes.length > 200}
      colorMode="system"
      minZoom={0.15}
      maxZoom={1.75}
    >
      <Background variant={BackgroundVariant.Dots} gap={24} size={1.2} />
      <Controls showInteractive={false} fitViewOptions={FIT} />
    </ReactFlow>
  );
}

function useNodes(): WorkspaceNodeType[] {
  const workspaces = useWorkspaces();
  const positions = useSelected((state) => state.positions);
  const selectedId = useSelected((state) => state.selectedId);
  const [cache] = useState(() => ({ nodes: new Map<string, WorkspaceNodeType>() }));
  return useMemo(() => {
    cache.nodes = nodesOf(workspaces, positions, selectedId, cache.nodes);
    return [...cache.nodes.values()];
  }, [cache, workspaces, positions, selectedId]);
}
