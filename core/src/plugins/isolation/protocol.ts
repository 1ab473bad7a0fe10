import { CodedError, isCodedError, messageOf, type ErrorDetails } from "../../coded-error.js";
import type { DraftEdits, EditOperation, EnvEdit } from "../../hooks/env-mutators/draft.js";
import type { ProvisionFacts } from "../../hooks/env-mutators/mutator-context.js";
import type { InstallationToken } from "../../hooks/env-mutators/types.js";
import type { LaunchFile } from "../../ports/container-runtime.js";
import type { LogFields, Logger } from "../../ports/logger.js";
import type { PluginEntry } from "../manifest-schema.js";

/** What a worker needs to import its plugin. */
export interface WorkerStart {
  readonly entry: PluginEntry;
  /** Of the plugin's module. */
  readonly url: string;
  readonly manifestDir: string;
}

/**
 * What the host sends to a worker: a number that the answer repeats, what is asked for, and its arguments. Tuples:
 * the structured clone of an object writes the name of each property.
 */
export type HostMessage =
  | readonly [id: number, kind: "load", start: WorkerStart]
  | readonly [id: number, kind: "setup", config: unknown]
  | readonly [
      id: number,
      kind: "mutate",
      mutator: string,
      /** Names and values by turns. */
      env: readonly string[],
      fileRoot: string,
      facts: ProvisionFacts,
    ]
  | readonly [id: number, kind: "token", mutator: string, workspaceId: string | null]
  | readonly [id: number, kind: "dispose"]
  /** Concerns the call of that number, which still gives its own answer; that it was heard is told at once. */
  | readonly [id: number, kind: "abort", reason: Thrown];

/**
 * What a worker sends. A log line that belongs to no call, and a withdrawal, have the number 0. A secret is told as
 * soon as a mutator marks it, before any line that it may stand in.
 */
export type WorkerMessage =
  | readonly [id: number, kind: "answer", value: unknown]
  | readonly [id: number, kind: "failure", thrown: Thrown]
  | readonly [id: number, kind: "heard"]
  | readonly [id: number, kind: "log", level: LogLevel, message: string, fields: LogFields]
  | readonly [id: number, kind: "secret", value: string]
  | readonly [id: number, kind: "withdrawn", mutator: string];

/** The levels of a {@link Logger}. */
export type LogLevel = Exclude<keyof Logger, "child">;

/** Something thrown, as data. */
export interface Thrown {
  /** Of a coded error. */
  readonly code?: string | undefined;
  readonly message: string;
  readonly details?: ErrorDetails | undefined;
}

/** What a worker tells of its plugin's module. */
export interface LoadedInfo {
  readonly version: string;
  /** The config's JSON Schema, as JSON: TypeBox marks schemas with symbols, which no clone carries. */
  readonly schema: string | undefined;
}

/** What a worker tells of one mutator. */
export interface MutatorInfo {
  readonly name: string;
  /** Whether it offers tokens. */
  readonly hasToken: boolean;
}

/** A recorded edit as a tuple, for the same reason as {@link HostMessage}: half the time of sending objects. */
export type SentEdit = readonly [
  operation: EditOperation,
  key: string,
  value: string,
  separator: string | undefined,
  secret: boolean,
  /** Ms since the epoch. */
  expiresAt: number | undefined,
];

/** What came of a mutator's call: what it recorded, also where it failed. */
export interface MutateOutcome {
  readonly edits: readonly SentEdit[];
  readonly files: readonly LaunchFile[];
  readonly thrown?: Thrown | undefined;
}

/** What a draft recorded, to be sent. */
export function toSentEdits(edits: readonly EnvEdit[]): SentEdit[] {
  return edits.map(({ operation, key, value, separator, secret, expiresAt }) => [
    operation,
    key,
    value,
    separator,
    secret,
    expiresAt?.getTime(),
  ]);
}

/** What a draft recorded, as it was before it was sent. */
export function fromOutcome({ edits, files }: MutateOutcome): DraftEdits {
  return {
    edits: edits.map(([operation, key, value, separator, secret, expiresAt]) => ({
      operation,
      key,
      value,
      separator,
      secret,
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    })),
    files,
  };
}

/** Something thrown, as data that surely can be sent. */
export function toThrown(error: unknown): Thrown {
  const message = messageOf(error);
  if (!isCodedError(error)) return { message };
  return { code: error.code, message, details: cloneOr(error.details, {}) };
}

/** The error that was thrown on the other side; a coded one keeps its code and details. */
export function fromThrown({ code, message, details }: Thrown): Error {
  return code === undefined ? new Error(message) : new CodedError(code, message, details);
}

/** A copy, or `fallback` where there can be none, e.g. of a function. */
export function cloneOr<T>(value: T, fallback: T): T {
  try {
    return structuredClone(value);
  } catch {
    return fallback;
  }
}

const LEVELS: ReadonlySet<unknown> = new Set<LogLevel>(["debug", "info", "warn", "error"]);
const OPERATIONS: ReadonlySet<unknown> = new Set<EditOperation>([
  "set",
  "setDefault",
  "prepend",
  "append",
  "unset",
]);

/** Whether anything is a worker's message. A plugin can post what it likes, so nothing is taken on trust. */
export function isWorkerMessage(value: unknown): value is WorkerMessage {
  if (!isArray(value)) return false;
  const [id, kind, first, second, third] = value;
  if (typeof id !== "number") return false;
  switch (kind) {
    case "answer":
    case "heard":
      return true;
    case "failure":
      return isThrown(first);
    case "log":
      return LEVELS.has(first) && typeof second === "string" && isRecord(third);
    case "secret":
    case "withdrawn":
      return typeof first === "string";
    default:
      return false;
  }
}

/** Whether an answer is that of `load`. */
export function isLoadedInfo(value: unknown): value is LoadedInfo {
  return isRecord(value) && typeof value.version === "string" && isOptionalText(value.schema);
}

/** Whether an answer is that of `setup`. */
export function isMutatorInfos(value: unknown): value is readonly MutatorInfo[] {
  return (
    Array.isArray(value) &&
    value.every(
      (each) => isRecord(each) && typeof each.name === "string" && typeof each.hasToken === "boolean",
    )
  );
}

/** Whether an answer is that of `mutate`. What the edits hold is checked where they are replayed. */
export function isMutateOutcome(value: unknown): value is MutateOutcome {
  return (
    isRecord(value) &&
    Array.isArray(value.edits) &&
    value.edits.every(isEdit) &&
    Array.isArray(value.files) &&
    value.files.every(isFile) &&
    (value.thrown === undefined || isThrown(value.thrown))
  );
}

/** Whether an answer is that of `token`. */
export function isInstallationToken(value: unknown): value is InstallationToken {
  return (
    isRecord(value) &&
    typeof value.token === "string" &&
    value.expiresAt instanceof Date &&
    !Number.isNaN(value.expiresAt.getTime())
  );
}

/** Whether an answer is that of `dispose`: why disposers failed. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isEdit(value: unknown): value is SentEdit {
  if (!isArray(value)) return false;
  const [operation, key, text, separator, secret, expiresAt] = value;
  return (
    OPERATIONS.has(operation) &&
    typeof key === "string" &&
    typeof text === "string" &&
    isOptionalText(separator) &&
    typeof secret === "boolean" &&
    (expiresAt === undefined || typeof expiresAt === "number")
  );
}

function isFile(value: unknown): value is LaunchFile {
  return (
    isRecord(value) &&
    typeof value.path === "string" &&
    typeof value.mode === "number" &&
    (typeof value.content === "string" || value.content instanceof Uint8Array)
  );
}

function isThrown(value: unknown): value is Thrown {
  return (
    isRecord(value) &&
    typeof value.message === "string" &&
    isOptionalText(value.code) &&
    (value.details === undefined || isRecord(value.details))
  );
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

/** As `Array.isArray`, which gives elements of type `any`. */
function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
