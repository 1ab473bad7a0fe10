import type { LoopStatus } from "../api/system.js";
import { formatClock, formatMs, formatSeconds } from "../state/format.js";
import { stateTone } from "../state/status.js";
import { StatusPill } from "./StatusPill.js";

/** The background loops and how they fare. */
export function LoopsTable({ loops }: { readonly loops: readonly LoopStatus[] }) {
  if (loops.length === 0) return <p className="quiet">No background loops run.</p>;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label="Background loops">
      <table>
        <thead>
          <tr>
            <th scope="col">Loop</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Every
            </th>
            <th scope="col" className="number">
              Last success
            </th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col">Tells</th>
          </tr>
        </thead>
        <tbody>
          {loops.map((loop) => (
            <tr key={`${loop.plugin} ${loop.name}`}>
              <th scope="row">
                {loop.name} <span className="quiet">{loop.plugin}</span>
              </th>
              <td>
                <StatusPill {...shownState(loop)} />
              </td>
              <td className="number">{formatSeconds(loop.intervalMs / 1000)}</td>
              <td className="number">
                {loop.lastSuccessAt === null ? "–" : formatClock(loop.lastSuccessAt)}
              </td>
              <td className="number">{loop.lastDurationMs === null ? "–" : formatMs(loop.lastDurationMs)}</td>
              <td>
                {loop.consecutiveFailures > 0 && (
                  <p className="error-text">
                    {loop.consecutiveFailures} × failed: {loop.lastError}
                  </p>
                )}
                {loop.lastDetail}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shownState(loop: LoopStatus): { status: string; tone: ReturnType<typeof stateTone> } {
  if (loop.stale) return { status: "stale", tone: "bad" };
  if (loop.consecutiveFailures > 0) return { status: "failing", tone: "warning" };
  return { status: loop.state, tone: stateTone(loop.state) };
}
