import { outcomeWord, type EnvRow } from "../state/env-view.js";

/** One variable: its name, who wrote it, its final value, and the writes that lost. */
export function EnvVariable({ row }: { readonly row: EnvRow }) {
  const { key, parts, secret, writers, losers } = row;
  return (
    <li>
      <div className="env-head">
        <code className="env-key">{key}</code>
        {secret && <span className="tag">secret</span>}
        {writers.map((writer) => (
          <span key={writer} className="tag tag-writer">
            {writer}
          </span>
        ))}
      </div>
      <div className="env-value">
        {parts === null ? <span className="nothing">not set</span> : values(parts)}
      </div>
      {losers.length > 0 && (
        <details className="env-losers">
          <summary>
            {losers.length} {losers.length === 1 ? "other write" : "other writes"}
          </summary>
          <ul>
            {losers.map((entry, index) => (
              // Writes have no name of their own, and their order never changes.
              <li key={index}>
                <span className="tag">{entry.writer}</span> {entry.operation}{" "}
                {entry.value !== null && <code>{entry.value === "" ? "(empty)" : entry.value}</code>}
                <span className="quiet"> {outcomeWord(entry.outcome)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

function values(parts: readonly string[]) {
  if (parts.every((part) => part === "")) return <span className="nothing">(empty)</span>;
  return parts.map((part, index) => (
    <span key={index}>
      {index > 0 && (
        <span className="nothing" title="joined">
          {" + "}
        </span>
      )}
      <code>{part}</code>
    </span>
  ));
}
