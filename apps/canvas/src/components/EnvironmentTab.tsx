import { useCallback, useState } from "react";
import type { EnvLedger } from "../api/env-ledger.js";
import { envRows } from "../state/env-view.js";
import { formatBytes, formatMs } from "../state/format.js";
import { stateTone } from "../state/status.js";
import { EnvVariable } from "./EnvVariable.js";
import { ResourceView } from "./ResourceView.js";
import { StatusPill } from "./StatusPill.js";
import { useResource } from "./use-resource.js";
import { useSession } from "./use-session.js";

/** What the workspace was started with: each variable's final value, who wrote it, and who lost. */
export function EnvironmentTab({ id, revision }: { readonly id: string; readonly revision: number }) {
  const { client } = useSession();
  const [filter, setFilter] = useState("");
  const load = useCallback((signal: AbortSignal) => client.envLedger(id, signal), [client, id]);
  // Every stored event counts the revision up: it may mean another attempt, and so another environment.
  const resource = useResource(load, revision);
  const search = (
    <input
      type="search"
      className="small"
      placeholder="Filter by name or writer"
      aria-label="Filter the variables by name or writer"
      value={filter}
      onChange={(event) => {
        setFilter(event.target.value);
      }}
    />
  );
  return (
    <ResourceView resource={resource} bar={search}>
      {(ledger) =>
        ledger === null ? (
          <p className="quiet">No environment was made for this workspace yet.</p>
        ) : (
          <Ledger ledger={ledger} filter={filter} />
        )
      }
    </ResourceView>
  );
}

function Ledger({ ledger, filter }: { readonly ledger: EnvLedger; readonly filter: string }) {
  const rows = envRows(ledger, filter);
  return (
    <>
      <ul className="env" aria-label="Variables">
        {rows.map((row) => (
          <EnvVariable key={row.key} row={row} />
        ))}
      </ul>
      {rows.length === 0 && <p className="quiet">No variable matches.</p>}
      <h3>Chain of attempt {ledger.attempt}</h3>
      {ledger.mutators.length === 0 && <p className="quiet">No env mutator ran.</p>}
      <ul className="runs">
        {ledger.mutators.map((run) => (
          <li key={run.mutator}>
            <span className="runs-name">{run.mutator}</span>
            <StatusPill status={run.outcome} tone={stateTone(run.outcome)} />
            <span className="quiet">
              {run.edits} {run.edits === 1 ? "edit" : "edits"} · {formatMs(run.durationMs)}
            </span>
            {run.error !== null && <p className="error-text">{run.error}</p>}
          </li>
        ))}
      </ul>
      {ledger.files.length > 0 && (
        <>
          <h3>Files</h3>
          <ul className="runs">
            {ledger.files.map((file) => (
              <li key={file.path}>
                <code className="runs-name">{file.path}</code>
                <span className="tag">{file.writer}</span>
                <span className="quiet">
                  {file.mode} · {formatBytes(file.bytes)}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
