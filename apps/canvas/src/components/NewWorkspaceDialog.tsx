import { useState } from "react";
import type { ExternalConnection } from "../api/creation.js";
import { Command } from "./Command.js";
import { Dialog } from "./Dialog.js";
import { NewWorkspaceForm } from "./NewWorkspaceForm.js";
import { useSession } from "./use-session.js";

/** Creates a workspace; for one whose agent runs elsewhere, it then says how that is connected. */
export function NewWorkspaceDialog({ onClose }: { readonly onClose: () => void }) {
  const session = useSession();
  const [connection, setConnection] = useState<ExternalConnection | null>(null);
  if (connection !== null) return <ConnectAgent connection={connection} onClose={onClose} />;
  return (
    <Dialog title="New workspace" onClose={onClose}>
      <NewWorkspaceForm
        onCancel={onClose}
        onCreated={(created) => {
          session.select(created.id);
          if (created.connection === null) onClose();
          else setConnection(created.connection);
        }}
      />
    </Dialog>
  );
}

function ConnectAgent(props: { readonly connection: ExternalConnection; readonly onClose: () => void }) {
  return (
    <Dialog title="Connect your agent" onClose={props.onClose}>
      <div className="form">
        <p className="hint">
          The workspace waits for its agent. Run this where the agent runs, with its address and name filled
          in. The token in it is shown only now.
        </p>
        <Command text={props.connection.registerCommand} />
        <div className="form-actions">
          <button type="button" className="button primary" onClick={props.onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
