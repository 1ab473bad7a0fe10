import type { EnvLedger, LedgerEntry, LedgerVariable } from "../api/env-ledger.js";

/** A variable as the environment tab shows it. */
export interface EnvRow {
  readonly key: string;
  /**
   * What the final value is made of, in order: one part, or several where plugins added before or after it. Null when
   * the variable is not set in the end.
   */
  readonly parts: readonly string[] | null;
  readonly secret: boolean;
  /** Who made the final value, each once. */
  readonly writers: readonly string[];
  /** The writes that did not make it, in their order. */
  readonly losers: readonly LedgerEntry[];
}

/** The ledger's variables, filtered by a text that the name or a writer must contain. */
export function envRows(ledger: EnvLedger, filter: string): EnvRow[] {
  const wanted = filter.trim().toLowerCase();
  return ledger.variables.map(envRow).filter(({ key, writers }) => {
    return [key, ...writers].some((text) => text.toLowerCase().includes(wanted));
  });
}

function envRow({ key, entries }: LedgerVariable): EnvRow {
  const applied = entries.filter((entry) => entry.outcome === "applied");
  return {
    key,
    parts: finalParts(applied),
    secret: applied.some((entry) => entry.secret),
    writers: [...new Set(applied.map((entry) => entry.writer))],
    losers: entries.filter((entry) => entry.outcome !== "applied"),
  };
}

function finalParts(applied: readonly LedgerEntry[]): readonly string[] | null {
  let parts: readonly string[] | null = null;
  for (const { operation, value } of applied) {
    if (operation === "unset" || value === null) parts = null;
    else if (operation === "prepend") parts = [value, ...(parts ?? [])];
    else if (operation === "append") parts = [...(parts ?? []), value];
    else parts = [value];
  }
  return parts;
}

/** What became of a write that is not part of the final value. */
export function outcomeWord(outcome: string): string {
  switch (outcome) {
    case "overridden":
      return "replaced by a later write";
    case "kept-existing":
      return "a default that was not needed";
    case "dropped":
      return "dropped: its mutator failed";
    default:
      return outcome;
  }
}
