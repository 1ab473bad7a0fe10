import { statusWord, type Tone } from "../state/status.js";

/** A state by colour and by word. */
export function StatusPill({ status, tone }: { readonly status: string; readonly tone: Tone }) {
  return (
    <span className={`pill tone-${tone}`}>
      <span className="dot" aria-hidden="true" />
      {statusWord(status)}
    </span>
  );
}
