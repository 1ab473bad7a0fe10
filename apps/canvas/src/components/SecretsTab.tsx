import { useCallback, useState, type SyntheticEvent } from "react";
import { messageOf } from "../api/api-error.js";
import { Field } from "./Field.js";
import { Notice } from "./Notice.js";
import { ResourceView } from "./ResourceView.js";
import { useResource } from "./use-resource.js";
import { useSession } from "./use-session.js";

/** The secrets that the workspace boots with, by name. A value goes to the platform and never comes back. */
export function SecretsTab({ id }: { readonly id: string }) {
  const { client } = useSession();
  const load = useCallback((signal: AbortSignal) => client.secrets(id, signal), [client, id]);
  const resource = useResource(load);
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const [error, setError] = useState<string | null>(null);
  const change = async (work: Promise<void>) => {
    setError(null);
    try {
      await work;
      resource.reload();
      return true;
    } catch (thrown) {
      setError(messageOf(thrown));
      return false;
    }
  };
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (!(await change(client.saveSecret(id, key.trim(), value)))) return;
    setKey("");
    setValue("");
  };
  return (
    <>
      <ResourceView
        resource={resource}
        bar={<span className="quiet">Values are not shown. A change restarts the workspace.</span>}
      >
        {(secrets) =>
          secrets.length === 0 ? (
            <p className="quiet">It has no secrets.</p>
          ) : (
            <ul className="env" aria-label="Secrets">
              {secrets.map((secret) => (
                <li key={`${secret.scope} ${secret.key}`} className="env-head">
                  <code className="env-key">{secret.key}</code>
                  {secret.scope === "workspace" ? (
                    <button
                      type="button"
                      className="button small"
                      aria-label={`Delete the secret ${secret.key}`}
                      onClick={() => void change(client.deleteSecret(id, secret.key))}
                    >
                      Delete
                    </button>
                  ) : (
                    <span className="quiet">of all workspaces</span>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </ResourceView>
      {error !== null && <Notice tone="error">{error}</Notice>}
      <form className="form" onSubmit={(event) => void submit(event)}>
        <Field label="Name of the secret">
          {(field) => (
            <input
              id={field}
              required
              autoComplete="off"
              spellCheck={false}
              value={key}
              onChange={(event) => {
                setKey(event.target.value);
              }}
            />
          )}
        </Field>
        <Field label="Value">
          {(field) => (
            <input
              id={field}
              type="password"
              required
              autoComplete="new-password"
              value={value}
              onChange={(event) => {
                setValue(event.target.value);
              }}
            />
          )}
        </Field>
        <div className="form-actions">
          <button type="submit" className="button primary">
            Save secret
          </button>
        </div>
      </form>
    </>
  );
}
