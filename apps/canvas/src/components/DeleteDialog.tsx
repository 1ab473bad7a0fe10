import { useState } from "react";
import { messageOf } from "../api/api-error.js";
import type { Child } from "../api/creation.js";
import type { Workspace } from "../state/state.js";
import { Dialog } from "./Dialog.js";
import { Notice } from "./Notice.js";
import { useSession } from "./use-session.js";

/** Asks before a workspace is deleted, and once more, by name, when others hang below it. */
export function DeleteDialog(props: { readonly workspace: Workspace; readonly onClose: () => void }) {
  const { workspace, onClose } = props;
  const session = useSession();
  const [children, setChildren] = useState<readonly Child[]>([]);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    setError(null);
    try {
      const deletion = await session.deleteWorkspace(workspace.id, children.length > 0);
      if (deletion.done) onClose();
      else setChildren(deletion.children);
    } catch (thrown) {
      setError(messageOf(thrown));
    }
    setBusy(false);
  };
  const word = children.length > 0 ? `Delete it and all below it` : "Delete workspace";
  return (
    <Dialog title={`Delete ${workspace.name}?`} onClose={onClose}>
      <div className="form">
        <p>Its container and its volumes are removed for good.</p>
        {children.length > 0 && (
          <div className="notice notice-error" role="alert">
            These are deleted with it, and all that is below them:
            <ul>
              {children.map((child) => (
                <li key={child.id}>{child.name}</li>
              ))}
            </ul>
          </div>
        )}
        {error !== null && <Notice tone="error">{error}</Notice>}
        <div className="form-actions">
          <button type="button" className="button" data-autofocus onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="button danger" disabled={isBusy} onClick={() => void remove()}>
            {isBusy ? "Deleting…" : word}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
