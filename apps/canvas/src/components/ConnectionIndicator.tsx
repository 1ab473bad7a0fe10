import type { FeedPhase } from "../api/live-feed.js";
import type { Tone } from "../state/status.js";
import { useSelected, useSession } from "./use-session.js";

/** Whether what the page shows is kept up to date. */
export function ConnectionIndicator() {
  const session = useSession();
  const phase = useSelected((state) => state.feed);
  const problem = useSelected((state) => state.problem);
  const { tone, word, hint } = inWords(phase, problem);
  return (
    <div className="connection">
      <span className={`pill tone-${tone}`} role="status" title={hint}>
        <span className="dot" aria-hidden="true" />
        {word}
      </span>
      {phase.name === "waiting" && (
        <button
          type="button"
          className="link-button"
          onClick={() => {
            session.retryNow();
          }}
        >
          Retry now
        </button>
      )}
    </div>
  );
}

function inWords(phase: FeedPhase, problem: string | null): { tone: Tone; word: string; hint: string } {
  switch (phase.name) {
    case "live":
      return { tone: "good", word: "live", hint: "Every change shows as it happens." };
    case "connecting":
      return { tone: "busy", word: "connecting", hint: "Connecting to the platform." };
    case "waiting": {
      const why = problem ?? "The connection for events was lost or refused.";
      const next = `The next attempt comes within ${Math.ceil(phase.retryInMs / 1000)} s.`;
      return { tone: "warning", word: "reconnecting", hint: `${why} ${next}` };
    }
    case "stopped":
      return { tone: "idle", word: "not connected", hint: "The page does not get any changes." };
  }
}
