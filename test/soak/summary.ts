/** What was counted while a soak ran. */
export interface Tally {
  /** By action. */
  readonly actions: Map<string, number>;
  /** Answers of 400 and above, as `action: status`. */
  readonly refused: Map<string, number>;
  /** Requests that met a host that was down. */
  unanswered: number;
  hostKills: number;
  engineKills: number;
}

/** How a soak ended. */
export interface Ending {
  readonly minutes: number;
  readonly seed: number;
  readonly tally: Tally;
  /** Workspaces by status, removed ones left out. */
  readonly statuses: ReadonlyMap<string, number>;
  /** Workspaces that a file was put into, and how many of them were there in the end to read it back. */
  readonly keepsakes: { readonly given: number; readonly readBack: number };
  /** Ms from the end of the load until everything agreed. */
  readonly settledMs: number;
  readonly exitCode: number;
  /** What engine and database do not agree on; null when they do. */
  readonly fault: string | null;
}

/** The summary, as it is printed. */
export function render(ending: Ending): string {
  const { tally, statuses, fault } = ending;
  const lines = [
    `soak of ${ending.minutes} min, seed ${ending.seed}`,
    `actions      ${list(tally.actions)}`,
    `refused      ${list(tally.refused)}`,
    `unanswered   ${tally.unanswered}`,
    `killed       host ${tally.hostKills}, engine ${tally.engineKills}`,
    `in the end   ${list(statuses)}; at rest after ${(ending.settledMs / 1000).toFixed(1)} s; host's exit code ${ending.exitCode}`,
    `files        put into ${ending.keepsakes.given} workspaces, read back from the ${ending.keepsakes.readBack} that are left of them`,
    fault === null
      ? "engine and database agree exactly, and nothing of a live workspace is lost"
      : `THEY DISAGREE: ${fault}`,
  ];
  return lines.join("\n");
}

function list(counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].sort().map(([name, count]) => `${name} ${count}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
