import { stateTone } from "../state/status.js";
import { StatusPill } from "./StatusPill.js";
import { useSelected } from "./use-session.js";

/** Shows only where the platform can't do all of its work; its hint says what is wrong. */
export function ReadinessChip() {
  const readiness = useSelected((state) => state.readiness);
  if (readiness === null || readiness.status === "ready") return null;
  const faults = readiness.checks
    .filter((check) => check.status !== "up")
    .map((check) => `${check.name}: ${check.detail ?? check.status}`);
  return (
    <span title={faults.join("\n")} role="status">
      <StatusPill status={`platform ${readiness.status}`} tone={stateTone(readiness.status)} />
    </span>
  );
}
