import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import type { Workspace } from "../state/state.js";
import { workspaceTone } from "../state/status.js";
import { StatusPill } from "./StatusPill.js";

/** A workspace as a node of the graph. */
export type WorkspaceNodeType = Node<{ readonly workspace: Workspace }, "workspace">;

/** The card of a workspace on the canvas. */
export function WorkspaceNode({ data: { workspace }, selected }: NodeProps<WorkspaceNodeType>) {
  const { name, role, runtime, status, activeTasks, currentTask } = workspace;
  const tone = workspaceTone(status);
  const tasks = activeTasks === 1 ? "1 task" : `${activeTasks} tasks`;
  return (
    <div className={`card tone-${tone}${selected ? " is-selected" : ""}`}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <div className="card-name" title={name}>
        {name}
      </div>
      <div className="card-role" title={currentTask === "" ? (role ?? "") : currentTask}>
        {currentTask === "" ? (role ?? "no role") : currentTask}
      </div>
      <div className="card-foot">
        <StatusPill status={status} tone={tone} />
        {activeTasks > 0 && <span className="card-tasks">{tasks}</span>}
        <code className="card-runtime">{runtime}</code>
      </div>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}
