import { Type, type Static } from "@molecule/core";
import { printable } from "./printable.js";

const WriterSchema = Type.Object({
  kind: Type.String(),
  name: Type.String(),
  version: Type.Optional(Type.String()),
});
const EntrySchema = Type.Object({
  writer: WriterSchema,
  operation: Type.String(),
  value: Type.Union([Type.String(), Type.Null()]),
  outcome: Type.String(),
});

/** JSON Schema of a ledger, as far as it is printed. */
export const LedgerSchema = Type.Object({
  attempt: Type.Integer(),
  variables: Type.Record(Type.String(), Type.Array(EntrySchema)),
  conflicts: Type.Array(Type.Object({ key: Type.String(), plugins: Type.Array(Type.String()) })),
  files: Type.Array(
    Type.Object({ path: Type.String(), mode: Type.String(), bytes: Type.Integer(), writer: WriterSchema }),
  ),
  mutators: Type.Array(
    Type.Object({
      plugin: Type.String(),
      version: Type.String(),
      mutator: Type.String(),
      outcome: Type.String(),
      durationMs: Type.Number(),
      edits: Type.Integer(),
      error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
    }),
  ),
});

type Ledger = Static<typeof LedgerSchema>;

/** Characters of a value in the list of all variables: a script in base64 would hide the others. */
export const SHOWN = 80;

/**
 * A ledger for people: one line for each write of a variable, in order, `✓` before those that its value is made of;
 * then the files, the conflicts, and how each mutator fared.
 * @param key the only variable that was asked for: its values are not shortened, and files are left out
 */
export function renderLedger(ledger: Ledger, key?: string): string {
  const { attempt, variables, files, conflicts, mutators } = ledger;
  const count = Object.keys(variables).length;
  const title = key === undefined ? `attempt ${attempt}: ${plural(count, "variable")}` : `attempt ${attempt}`;
  // The order in which a host that keeps ledgers as jsonb gives them means nothing.
  const byName = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  const writes = byName.flatMap(([name, entries]) =>
    entries.map(({ writer, operation, value, outcome }, index) => [
      outcome === "applied" ? "✓" : " ",
      index === 0 ? printable(name) : "",
      nameOf(writer),
      outcome === "applied" ? operation : `${operation}, ${outcome}`,
      value === null ? "" : value === "" ? '""' : printable(value, key === undefined ? SHOWN : Infinity),
    ]),
  );
  const sections: [string, string[]][] = [
    [title, key !== undefined && count === 0 ? [`  nothing sets ${key}`] : columns(writes)],
    [
      "files",
      columns(
        (key === undefined ? files : []).map((each) => [
          " ",
          each.path,
          each.mode,
          plural(each.bytes, "byte"),
          nameOf(each.writer),
        ]),
      ),
    ],
    ["conflicts", conflicts.map((each) => `  ${each.key}: set by ${each.plugins.join(", then ")}`)],
    ["mutators", columns(mutators.map(mutatorRow))],
  ];
  return sections
    .filter(([, lines], index) => index === 0 || lines.length > 0)
    .map(([heading, lines]) => [heading, ...lines].join("\n"))
    .join("\n\n");
}

function mutatorRow(run: Ledger["mutators"][number]): string[] {
  const { plugin, version, mutator, outcome, durationMs, edits, error } = run;
  const name = `${plugin}@${version}${plugin === mutator ? "" : `/${mutator}`}`;
  const told = error === undefined ? plural(edits, "edit") : `${error.code}: ${printable(error.message)}`;
  return [outcome === "applied" ? "✓" : "✗", name, outcome, `${durationMs.toFixed(1)} ms`, told];
}

function nameOf({ name, version }: Static<typeof WriterSchema>): string {
  return version === undefined ? name : `${name}@${version}`;
}

/** Rows as lines, each column as wide as its widest cell. */
function columns(rows: readonly string[][]): string[] {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, at) => Math.max(cell.length, found[at] ?? 0)),
    [],
  );
  return rows.map(([mark = "", ...cells]) =>
    `${mark} ${cells.map((cell, at) => cell.padEnd(widths[at + 1] ?? 0)).join("  ")}`.trimEnd(),
  );
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
