/** How a state is to be taken at a glance. */
export type Tone = "good" | "busy" | "warning" | "bad" | "idle";

const WORKSPACE_TONES: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ["online", "good"],
  ["provisioning", "busy"],
  ["awaiting_agent", "busy"],
  ["degraded", "warning"],
  ["offline", "warning"],
  ["failed", "bad"],
  ["paused", "idle"],
]);

const OTHER_TONES: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ["enabled", "good"],
  ["enabling", "busy"],
  ["disabling", "busy"],
  ["failed", "bad"],
  ["waiting", "good"],
  ["running", "busy"],
  ["up", "good"],
  ["ready", "good"],
  ["degraded", "warning"],
  ["down", "bad"],
  ["unavailable", "bad"],
  ["applied", "good"],
  ["skipped", "warning"],
  ["last-good", "warning"],
]);

/** The tone of a workspace's status; `idle` for one that this page does not know. */
export function workspaceTone(status: string): Tone {
  return WORKSPACE_TONES.get(status) ?? "idle";
}

/** The tone of the state of a plugin, a loop, a check or a mutator's run. */
export function stateTone(state: string): Tone {
  return OTHER_TONES.get(state) ?? "idle";
}

/** A status or state as it reads: `awaiting_agent` → `awaiting agent`. */
export function statusWord(status: string): string {
  return status.replaceAll(/[_-]/g, " ");
}
