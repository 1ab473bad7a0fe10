import type { ReactNode } from "react";
import { formatSeconds, formatTime } from "../state/format.js";
import type { Workspace } from "../state/state.js";
import { statusWord } from "../state/status.js";
import { CopyButton } from "./CopyButton.js";
import { Notice } from "./Notice.js";
import { useSession, useWorkspaces } from "./use-session.js";

/** The facts of a workspace. */
export function OverviewTab({ workspace }: { readonly workspace: Workspace }) {
  const { agentCard, lastError, status } = workspace;
  return (
    <>
      {lastError !== "" && (
        <Notice tone={status === "failed" || status === "degraded" ? "error" : "quiet"}>
          <strong>Last error</strong>
          <p className="error-text">{lastError}</p>
        </Notice>
      )}
      <dl className="facts">
        <Fact label="Status">{statusWord(status)}</Fact>
        <Fact label="Role">{workspace.role}</Fact>
        <Fact label="Runtime">
          <code>{workspace.runtime}</code>
        </Fact>
        <Fact label="Tier">{workspace.tier === 0 ? null : workspace.tier}</Fact>
        <Fact label="Parent">
          <Parent id={workspace.parentId} />
        </Fact>
        <Fact label="Current task">{workspace.currentTask}</Fact>
        <Fact label="Active tasks">
          {workspace.activeTasks} of at most {workspace.maxConcurrentTasks}
        </Fact>
        <Fact label="Uptime">{formatSeconds(workspace.uptimeSeconds)}</Fact>
        <Fact label="Error rate">{`${Math.round(workspace.errorRate * 1000) / 10} %`}</Fact>
        <Fact label="Last heartbeat">{timeOrNull(workspace.lastHeartbeatAt)}</Fact>
        <Fact label="Last outbound">{timeOrNull(workspace.lastOutboundAt)}</Fact>
        <Fact label="Address">{workspace.url === "" ? null : <code>{workspace.url}</code>}</Fact>
        <Fact label="Folder">
          {workspace.workspaceDir === null ? null : <code>{workspace.workspaceDir}</code>}
        </Fact>
        <Fact label="Id">
          <code>{workspace.id}</code>
          <CopyButton text={workspace.id} label="Copy the id" />
        </Fact>
      </dl>
      {agentCard !== null && (
        <>
          <h3>Agent card</h3>
          <dl className="facts">
            <Fact label="Name">{agentCard.name}</Fact>
            <Fact label="Description">{agentCard.description}</Fact>
            <Fact label="Version">{agentCard.version}</Fact>
            <Fact label="Skills">{agentCard.skills.length === 0 ? null : agentCard.skills.join(", ")}</Fact>
          </dl>
        </>
      )}
    </>
  );
}

/** One fact; a dash where there is nothing to tell. */
function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const isNothing = children === null || children === "";
  return (
    <div>
      <dt>{label}</dt>
      <dd>{isNothing ? <span className="nothing">–</span> : children}</dd>
    </div>
  );
}

function Parent({ id }: { readonly id: string | null }) {
  const session = useSession();
  const workspaces = useWorkspaces();
  if (id === null) return <span className="nothing">–</span>;
  const parent = workspaces.get(id);
  if (parent === undefined) return <code>{id}</code>;
  return (
    <button
      type="button"
      className="link-button"
      onClick={() => {
        session.select(id);
      }}
    >
      {parent.name}
    </button>
  );
}

function timeOrNull(time: string | null): string | null {
  return time === null ? null : formatTime(time);
}
