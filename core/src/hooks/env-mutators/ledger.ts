import type { CodedError } from "../../coded-error.js";
import { MASK } from "../../masking/secret-masker.js";
import type { EditOperation, EnvEdit } from "./draft.js";

/** Who wrote a variable. */
export type LedgerWriter =
  | { readonly kind: "layer"; readonly name: string }
  | { readonly kind: "plugin"; readonly name: string; readonly version: string; readonly mutator: string };

/** One write of one variable, whether it won or not. */
export interface LedgerEntry {
  readonly key: string;
  readonly writer: LedgerWriter;
  readonly operation: "layer" | EditOperation;
  /** The text that was written, masked when secret; null for `unset`. */
  readonly value: string | null;
  readonly secret: boolean;
  /**
   * `applied`: part of the final value. `overridden`: a later write replaced it. `kept-existing`: a default that
   * was not needed. `dropped`: its mutator failed.
   */
  readonly outcome: "applied" | "overridden" | "kept-existing" | "dropped";
}

/** How one mutator's turn went. */
export interface MutatorRun {
  readonly plugin: string;
  readonly version: string;
  readonly mutator: string;
  /**
   * `last-good`: it failed and its last accepted edits were used. `not-run`: an earlier one ended the chain.
   * `withdrawn`: its plugin was disabled while the chain ran.
   */
  readonly outcome: "applied" | "skipped" | "last-good" | "failed" | "not-run" | "withdrawn";
  readonly durationMs: number;
  readonly edits: number;
  /** Code and message of its failure. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** How a mutator's call ended, as the chain notes it. */
export type ObservedRun = Omit<MutatorRun, "error"> & { readonly error: CodedError | undefined };

/** A file that the chain adds, without its content. */
export interface LedgerFile {
  readonly path: string;
  readonly mode: string;
  readonly bytes: number;
  readonly writer: LedgerWriter;
}

/** A variable that several plugins set. */
export interface LedgerConflict {
  readonly key: string;
  /** In the order of their writes: the last one's value stands. */
  readonly plugins: readonly string[];
}

/** Where every variable of one attempt comes from. */
export interface EnvLedger {
  readonly attempt: number;
  /** Every write, per key in the order of the writes. */
  readonly variables: Readonly<Record<string, readonly LedgerEntry[]>>;
  readonly conflicts: readonly LedgerConflict[];
  readonly files: readonly LedgerFile[];
  readonly mutators: readonly MutatorRun[];
}

/** A write as the chain notes it, before the ledger is made of the notes. */
export interface LedgerNote {
  readonly writer: LedgerWriter;
  readonly edit: Pick<EnvEdit, "key" | "value" | "secret"> & { readonly operation: "layer" | EditOperation };
  readonly dropped: boolean;
}

/** Makes the variables part of a ledger out of the writes in their order. */
export function explainWrites(
  notes: Iterable<LedgerNote>,
  mask: (text: string) => string,
): Record<string, readonly LedgerEntry[]> {
  const byKey = new Map<string, LedgerNote[]>();
  for (const note of notes) {
    const of = byKey.get(note.edit.key);
    if (of === undefined) byKey.set(note.edit.key, [note]);
    else of.push(note);
  }
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  // Not by assignment: a variable may be named `__proto__`.
  return Object.fromEntries(sorted.map(([key, of]) => [key, explainKey(of, mask)]));
}

function explainKey(notes: readonly LedgerNote[], mask: (text: string) => string): LedgerEntry[] {
  const outcomes: LedgerEntry["outcome"][] = [];
  let contributing: number[] = [];
  let present = false;
  notes.forEach((note, index) => {
    outcomes[index] = "overridden";
    if (note.dropped) {
      outcomes[index] = "dropped";
      return;
    }
    const { operation } = note.edit;
    if (operation === "setDefault" && present) {
      outcomes[index] = "kept-existing";
      return;
    }
    contributing = operation === "prepend" || operation === "append" ? [...contributing, index] : [index];
    present = operation !== "unset";
  });
  for (const index of contributing) outcomes[index] = "applied";
  return notes.map((note, index) => ({
    key: note.edit.key,
    writer: note.writer,
    operation: note.edit.operation,
    value: note.edit.operation === "unset" ? null : note.edit.secret ? MASK : mask(note.edit.value),
    secret: note.edit.secret,
    outcome: outcomes[index] ?? "overridden",
  }));
}

/** The variables that more than one plugin set; edits of a mutator that failed don't count. */
export function conflictsIn(variables: EnvLedger["variables"]): LedgerConflict[] {
  return Object.entries(variables).flatMap(([key, writes]) => {
    const plugins = new Set<string>();
    for (const { writer, operation, outcome } of writes) {
      if (writer.kind !== "plugin" || operation !== "set" || outcome === "dropped") continue;
      // Taken out first, so that the last writer comes last.
      plugins.delete(writer.name);
      plugins.add(writer.name);
    }
    return plugins.size > 1 ? [{ key, plugins: [...plugins] }] : [];
  });
}
