import { Fields } from "./fields.js";

/** One write of one variable. Values are masked by the host where they are secret. */
export interface LedgerEntry {
  /** Who wrote: a layer's name, or `plugin@version`. */
  readonly writer: string;
  readonly writerKind: string;
  /** `layer`, `set`, `setDefault`, `prepend`, `append` or `unset`. */
  readonly operation: string;
  /** Null for `unset`. */
  readonly value: string | null;
  readonly secret: boolean;
  /** `applied`, `overridden`, `kept-existing` or `dropped`. */
  readonly outcome: string;
}

/** All writes of one variable in their order. */
export interface LedgerVariable {
  readonly key: string;
  readonly entries: readonly LedgerEntry[];
}

/** How one env mutator's turn went. */
export interface MutatorRun {
  readonly plugin: string;
  readonly mutator: string;
  readonly outcome: string;
  readonly durationMs: number;
  readonly edits: number;
  readonly error: string | null;
}

/** A file that a plugin added. */
export interface LedgerFile {
  readonly path: string;
  /** Octal, e.g. `0755`. */
  readonly mode: string;
  readonly bytes: number;
  readonly writer: string;
}

/** Where every variable of one attempt comes from. */
export interface EnvLedger {
  readonly attempt: number;
  readonly variables: readonly LedgerVariable[];
  readonly files: readonly LedgerFile[];
  readonly mutators: readonly MutatorRun[];
}

/** @throws ApiError `malformed` */
export function readEnvLedger(value: unknown): EnvLedger {
  const fields = new Fields(value, "ledger");
  return {
    attempt: fields.number("attempt"),
    variables: fields
      .entries("variables", (entries, what) => new Fields({ entries }, what).list("entries", readEntry))
      .map(([key, entries]) => ({ key, entries })),
    files: fields.list("files", readFile),
    mutators: fields.list("mutators", readRun),
  };
}

function readEntry(value: unknown, what: string): LedgerEntry {
  const fields = new Fields(value, what);
  return {
    ...fields.object("writer", readWriter),
    operation: fields.string("operation"),
    value: fields.stringOrNull("value"),
    secret: fields.boolean("secret"),
    outcome: fields.string("outcome"),
  };
}

function readWriter(value: unknown, what: string): { writer: string; writerKind: string } {
  const fields = new Fields(value, what);
  const version = fields.stringOrNull("version");
  const name = fields.string("name");
  return { writer: version === null ? name : `${name}@${version}`, writerKind: fields.string("kind") };
}

function readFile(value: unknown, what: string): LedgerFile {
  const fields = new Fields(value, what);
  return {
    path: fields.string("path"),
    mode: fields.string("mode"),
    bytes: fields.number("bytes"),
    writer: fields.object("writer", readWriter).writer,
  };
}

function readRun(value: unknown, what: string): MutatorRun {
  const fields = new Fields(value, what);
  return {
    plugin: fields.string("plugin"),
    mutator: fields.string("mutator"),
    outcome: fields.string("outcome"),
    durationMs: fields.number("durationMs"),
    edits: fields.number("edits"),
    error: fields.objectOrNull("error", (error, path) => new Fields(error, path).string("message")),
  };
}
