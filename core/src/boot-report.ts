/** One line of the boot tree. */
export interface BootEntry {
  /** The branch that it hangs on, e.g. `env`, `storage`, `plugins`. */
  readonly stage: string;
  readonly name: string;
  readonly durationMs: number;
  readonly outcome: "ok" | "failed" | "disabled";
  /** A remark, or why it failed or is disabled. */
  readonly detail?: string | undefined;
}

/** Collects what boot did, for the log and for the operator's API. */
export class BootReport {
  readonly #entries: BootEntry[] = [];

  add(entry: BootEntry): void {
    this.#entries.push(entry);
  }

  entries(): readonly BootEntry[] {
    return this.#entries;
  }

  /** The tree: stages in the order of their first entry, under each its entries with time and outcome. */
  render(): string {
    const stages = new Map<string, BootEntry[]>();
    for (const entry of this.#entries) {
      const of = stages.get(entry.stage);
      if (of === undefined) stages.set(entry.stage, [entry]);
      else of.push(entry);
    }
    const width = Math.max(0, ...this.#entries.map((entry) => entry.name.length));
    const lines = ["boot"];
    const last = [...stages.keys()].at(-1);
    for (const [stage, entries] of stages) {
      const isLast = stage === last;
      lines.push(`${isLast ? "└─" : "├─"} ${stage}`);
      entries.forEach((entry, index) => {
        const branch = index === entries.length - 1 ? "└─" : "├─";
        lines.push(`${isLast ? "  " : "│ "} ${branch} ${describe(entry, width)}`);
      });
    }
    return lines.join("\n");
  }
}

const MARKS = { ok: "✓", failed: "✗", disabled: "–" } as const;

function describe(entry: BootEntry, width: number): string {
  const ms = `${entry.durationMs.toFixed(entry.durationMs < 10 ? 1 : 0)} ms`.padStart(8);
  const detail =
    entry.detail === undefined || entry.detail === "" ? "" : `  ${entry.detail.split("\n", 1)[0] ?? ""}`;
  return `${MARKS[entry.outcome]} ${entry.name.padEnd(width)} ${ms}${detail}`;
}
