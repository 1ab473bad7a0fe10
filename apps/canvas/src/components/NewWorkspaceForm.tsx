import { useId, useState, type SyntheticEvent } from "react";
import { messageOf } from "../api/api-error.js";
import type { CreatedWorkspace, NewWorkspace } from "../api/creation.js";
import { runtimeSuggestions } from "../state/runtimes.js";
import { Field } from "./Field.js";
import { Notice } from "./Notice.js";
import { useSession, useWorkspaces } from "./use-session.js";

/** What each tier gives (api.md §8). */
const TIERS: readonly (readonly [string, string])[] = [
  ["", "Default (3)"],
  ["1", "1 · read-only, configs only"],
  ["2", "2 · 512 MiB, 1 CPU"],
  ["3", "3 · 2 GiB, 2 CPUs"],
  ["4", "4 · 4 GiB, 4 CPUs"],
];

/** What stands in the form. */
interface Draft {
  readonly name: string;
  readonly role: string;
  readonly runtime: string;
  readonly tier: string;
  readonly parent: string;
}

/** The form of a new workspace. What the platform does not accept, it says in its own words. */
export function NewWorkspaceForm(props: {
  readonly onCreated: (created: CreatedWorkspace) => void;
  readonly onCancel: () => void;
}) {
  const session = useSession();
  const workspaces = useWorkspaces();
  const suggestions = runtimeSuggestions(workspaces.values());
  const [draft, setDraft] = useState<Draft>({ name: "", role: "", runtime: "demo", tier: "", parent: "" });
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const listId = useId();
  const change = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }));
  };
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      props.onCreated(await session.createWorkspace(requestOf(draft)));
    } catch (thrown) {
      setError(messageOf(thrown));
      setBusy(false);
    }
  };
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <Field label="Name">
        {(id) => (
          <input
            id={id}
            required
            data-autofocus
            autoComplete="off"
            value={draft.name}
            onChange={(event) => {
              change({ name: event.target.value });
            }}
          />
        )}
      </Field>
      <Field label="Role" hint="Optional. What the agent is for, e.g. pmm-lead.">
        {(id, hintId) => (
          <input
            id={id}
            aria-describedby={hintId}
            autoComplete="off"
            value={draft.role}
            onChange={(event) => {
              change({ role: event.target.value });
            }}
          />
        )}
      </Field>
      <Field label="Runtime" hint="A workspace template of manifest.json, or external.">
        {(id, hintId) => (
          <>
            <input
              id={id}
              aria-describedby={hintId}
              required
              autoComplete="off"
              spellCheck={false}
              list={listId}
              value={draft.runtime}
              onChange={(event) => {
                change({ runtime: event.target.value });
              }}
            />
            <datalist id={listId}>
              {suggestions.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <div className="form-columns">
        <Field label="Tier">
          {(id) => (
            <select
              id={id}
              value={draft.tier}
              onChange={(event) => {
                change({ tier: event.target.value });
              }}
            >
              {TIERS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Parent">
          {(id) => (
            <select
              id={id}
              value={draft.parent}
              onChange={(event) => {
                change({ parent: event.target.value });
              }}
            >
              <option value="">None</option>
              {[...workspaces.values()].map((workspace) => (
                <option key={workspace.id} value={workspace.id}>
                  {workspace.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {error !== null && <Notice tone="error">{error}</Notice>}
      <div className="form-actions">
        <button type="button" className="button" onClick={props.onCancel}>
          Cancel
        </button>
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? "Creating…" : "Create workspace"}
        </button>
      </div>
    </form>
  );
}

function requestOf(draft: Draft): NewWorkspace {
  const role = draft.role.trim();
  return {
    name: draft.name,
    runtime: draft.runtime.trim(),
    ...(role === "" ? {} : { role }),
    ...(draft.tier === "" ? {} : { tier: Number(draft.tier) }),
    ...(draft.parent === "" ? {} : { parent_id: draft.parent }),
  };
}
