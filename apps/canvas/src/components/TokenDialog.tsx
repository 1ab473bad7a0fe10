import { useId, useState, type SyntheticEvent } from "react";
import { Dialog } from "./Dialog.js";
import { Notice } from "./Notice.js";
import { useSession } from "./use-session.js";

/** Asks for the admin token, which is kept for as long as the tab is open. */
export function TokenDialog({ isRefused }: { readonly isRefused: boolean }) {
  const session = useSession();
  const [token, setToken] = useState("");
  const fieldId = useId();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const given = token.trim();
    if (given !== "") session.signIn(given);
  };
  return (
    <Dialog title="Admin token">
      <form onSubmit={submit} className="form">
        {isRefused && <Notice tone="error">The platform did not accept that token.</Notice>}
        <p className="hint">
          This platform needs <code>ADMIN_TOKEN</code>. Where none was set, one was generated at its first
          start; its log names the file that holds it. The token stays in this tab and is forgotten with it.
        </p>
        <label htmlFor={fieldId}>Token</label>
        <input
          id={fieldId}
          type="password"
          autoComplete="off"
          required
          data-autofocus
          value={token}
          onChange={(event) => {
            setToken(event.target.value);
          }}
        />
        <div className="form-actions">
          <button type="submit" className="button primary">
            Continue
          </button>
        </div>
      </form>
    </Dialog>
  );
}
