import { useState } from "react";
import { messageOf } from "../api/api-error.js";
import type { LifecycleAction } from "../api/client.js";
import type { Workspace } from "../state/state.js";
import { Notice } from "./Notice.js";
import { useSession } from "./use-session.js";

const WORDS: Readonly<Record<LifecycleAction, string>> = {
  restart: "Restart",
  pause: "Pause",
  resume: "Resume",
};

/** What can be asked of a workspace as it is. An external one is started by whoever runs it. */
function actionsOf({ status, runtime }: Workspace): readonly LifecycleAction[] {
  if (status === "paused") return ["resume"];
  return runtime === "external" ? ["pause"] : ["restart", "pause"];
}

/** Restarts, pauses or resumes a workspace; what the platform does not accept, it says in its own words. */
export function LifecycleButtons({ workspace }: { readonly workspace: Workspace }) {
  const session = useSession();
  const [busy, setBusy] = useState<LifecycleAction | null>(null);
  const [error, setError] = useState<string | null>(null);
  const ask = async (action: LifecycleAction) => {
    setBusy(action);
    setError(null);
    try {
      await session.controlWorkspace(workspace.id, action);
    } catch (thrown) {
      setError(messageOf(thrown));
    }
    setBusy(null);
  };
  return (
    <div className="lifecycle">
      <div className="tool-bar">
        {actionsOf(workspace).map((action) => (
          <button
            key={action}
            type="button"
            className="button small"
            disabled={busy !== null}
            onClick={() => void ask(action)}
          >
            {WORDS[action]}
          </button>
        ))}
      </div>
      {error !== null && <Notice tone="error">{error}</Notice>}
    </div>
  );
}
