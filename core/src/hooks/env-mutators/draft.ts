import { posix } from "node:path";
import { errors } from "../../errors.js";
import { showValue, type CodedError } from "../../coded-error.js";
import type { LaunchFile } from "../../ports/container-runtime.js";
import { isUsableKey, PROTECTED_KEYS, valueFault } from "./limits.js";
import { SECRET_VALUE_TYPE, type EnvDraft, type EnvValue, type SecretValue } from "./types.js";

/** The kinds of edit that a draft records. */
export type EditOperation = "set" | "setDefault" | "prepend" | "append" | "unset";

/** One recorded edit of a variable. */
export interface EnvEdit {
  readonly operation: EditOperation;
  readonly key: string;
  /** The text given to the call; empty for `unset`. */
  readonly value: string;
  /** What joins it to the present value, for `prepend` and `append`. */
  readonly separator?: string | undefined;
  readonly secret: boolean;
  readonly expiresAt?: Date | undefined;
}

/** What one mutator wants: edits of variables and files, in the order of its calls. */
export interface DraftEdits {
  readonly edits: readonly EnvEdit[];
  readonly files: readonly LaunchFile[];
}

/** What a draft is limited by. */
export interface DraftRules {
  readonly plugin: string;
  readonly mutator: string;
  /** Prefix of file paths as the workspace's process sees them. */
  readonly fileRoot: string;
  /** Whether the manifest lets the plugin see this variable; everything when absent. */
  readonly mayRead?: ((key: string) => boolean) | undefined;
  readonly mayWrite?: ((key: string) => boolean) | undefined;
  /** The globs behind {@link DraftRules.mayWrite}, for the error's text. */
  readonly writes?: readonly string[] | undefined;
  /** Told of each value that is marked as secret, as soon as it is. */
  readonly onSecret?: ((value: string) => void) | undefined;
}

/** The separator of `prepend` and `append`: that of `PATH`. */
const DEFAULT_SEPARATOR = ":";

/**
 * Records the edits of one mutator over an environment that it never changes. An edit that breaks a rule throws,
 * and is remembered, so that a mutator that swallows the error fails all the same.
 */
export class RecordingDraft implements EnvDraft {
  readonly #base: ReadonlyMap<string, string>;
  readonly #rules: DraftRules;
  readonly #overlay = new Map<string, string | undefined>();
  /** What the plugin's own edits make of the variables that it may not read; the real values are in the overlay. */
  #unread: Map<string, string | undefined> | undefined;
  readonly #edits: EnvEdit[] = [];
  readonly #files: LaunchFile[] = [];
  #told: Set<string> | undefined;
  #fault: CodedError | undefined;
  #closed = false;

  constructor(base: ReadonlyMap<string, string>, rules: DraftRules) {
    this.#base = base;
    this.#rules = rules;
  }

  readonly files = {
    add: (file: LaunchFile): string => this.#addFile(file),
  };

  get(key: string): string | undefined {
    if (!this.#isReadable(key)) return this.#unread?.get(key);
    return this.#overlay.has(key) ? this.#overlay.get(key) : this.#base.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  keys(): string[] {
    // What the plugin may not read must not show by its place either: such keys come with the plugin's own edits.
    const keys = [...this.#base.keys()].filter((key) => this.#isReadable(key) && this.has(key));
    for (const [key, value] of this.#overlay) {
      if (value !== undefined && !keys.includes(key)) keys.push(key);
    }
    return keys;
  }

  set(key: string, value: EnvValue): void {
    this.#record("set", key, value);
  }

  setDefault(key: string, value: EnvValue): void {
    this.#record("setDefault", key, value);
  }

  prepend(key: string, value: string, separator = DEFAULT_SEPARATOR): void {
    this.#record("prepend", key, value, separator);
  }

  append(key: string, value: string, separator = DEFAULT_SEPARATOR): void {
    this.#record("append", key, value, separator);
  }

  unset(key: string): void {
    this.#record("unset", key, "");
  }

  secret(value: string, options: { expiresAt?: Date } = {}): SecretValue {
    if (typeof value === "string") this.#tellSecret(value);
    return { $$type: SECRET_VALUE_TYPE, value, expiresAt: options.expiresAt };
  }

  /** Ends the recording: later edits are refused. */
  close(): void {
    this.#closed = true;
  }

  /** The first broken rule, or undefined. */
  get fault(): CodedError | undefined {
    return this.#fault;
  }

  /** What was recorded so far. */
  recorded(): DraftEdits {
    return { edits: this.#edits, files: this.#files };
  }

  /** Prefix of file paths as the workspace's process sees them. */
  get fileRoot(): string {
    return this.#rules.fileRoot;
  }

  /**
   * The environment before any edit, as far as the plugin may read it: names and values by turns. One flat list is
   * what crosses to a worker fastest.
   */
  visible(): string[] {
    const flat: string[] = [];
    for (const [key, value] of this.#base) if (this.#isReadable(key)) flat.push(key, value);
    return flat;
  }

  /**
   * Makes the edits that another draft recorded, each under this draft's rules as if it were made here.
   * @throws what the first edit that breaks a rule throws
   */
  replay({ edits, files }: DraftEdits): void {
    for (const { operation, key, value, separator, secret, expiresAt } of edits) {
      const given = secret ? this.secret(value, expiresAt === undefined ? {} : { expiresAt }) : value;
      this.#record(operation, key, given, separator);
    }
    for (const file of files) this.#addFile(file);
  }

  #record(operation: EditOperation, key: string, given: EnvValue, separator?: string): void {
    const { plugin, mutator } = this.#rules;
    if (this.#closed) throw errors.ENV_DRAFT_CLOSED({ plugin, mutator });
    if (typeof key !== "string" || !isUsableKey(key))
      this.#refuse(errors.ENV_KEY_INVALID({ plugin, key: showValue(key) }));
    if (PROTECTED_KEYS.has(key)) this.#refuse(errors.ENV_KEY_PROTECTED({ plugin, key }));
    if (this.#rules.mayWrite !== undefined && !this.#rules.mayWrite(key)) {
      this.#refuse(errors.ENV_WRITE_NOT_ALLOWED({ plugin, key, allowed: this.#rules.writes ?? [] }));
    }
    const unfit = givenFault(key, given, separator);
    if (unfit !== undefined) this.#refuse(errors.ENV_VALUE_INVALID({ plugin, key, reason: unfit }));
    const secret = typeof given !== "string";
    const value = secret ? given.value : given;
    // It need not come of this draft's secret(): a plugin may keep one, or make it by hand.
    if (secret) this.#tellSecret(value);
    const next = applyEdit(operation, this.#presentFor(operation, key), value, separator);
    // First what was given, whether a default is needed or not: that may not depend on what the plugin can't see.
    const isJoined = operation === "prepend" || operation === "append";
    const fault =
      valueFault(key, value) ?? (isJoined && next !== undefined ? valueFault(key, next) : undefined);
    if (fault !== undefined) this.#refuse(errors.ENV_VALUE_INVALID({ plugin, key, reason: fault }));
    this.#overlay.set(key, next);
    if (!this.#isReadable(key)) {
      this.#unread ??= new Map();
      this.#unread.set(key, applyEdit(operation, this.#unread.get(key), value, separator));
    }
    const expiresAt = secret ? given.expiresAt : undefined;
    this.#edits.push({ operation, key, value, separator, secret, expiresAt });
  }

  /** Tells of a secret value, once. */
  #tellSecret(value: string): void {
    const { onSecret } = this.#rules;
    if (onSecret === undefined || this.#told?.has(value) === true) return;
    this.#told ??= new Set();
    this.#told.add(value);
    onSecret(value);
  }

  /**
   * What an edit builds on. Joining builds on the real value also where the plugin may not read it: else a
   * plugin that may write but not read a variable would wipe it.
   */
  #presentFor(operation: EditOperation, key: string): string | undefined {
    if (operation === "set" || operation === "unset") return undefined;
    return this.#overlay.has(key) ? this.#overlay.get(key) : this.#base.get(key);
  }

  #isReadable(key: string): boolean {
    return this.#rules.mayRead === undefined || this.#rules.mayRead(key);
  }

  #addFile(file: LaunchFile): string {
    const { plugin, mutator, fileRoot } = this.#rules;
    if (this.#closed) throw errors.ENV_DRAFT_CLOSED({ plugin, mutator });
    const reason = fileFault(file);
    if (reason !== undefined)
      this.#refuse(errors.ENV_FILE_INVALID({ plugin, path: showValue(pathOf(file)), reason }));
    const { path, mode, content } = file;
    // Bytes are copied: the mutator keeps its array and could change it after it has finished. Not by slice(): that
    // of a Buffer copies nothing.
    this.#files.push({
      path,
      mode,
      content: typeof content === "string" ? content : new Uint8Array(content),
    });
    return fileRoot + file.path;
  }

  #refuse(error: CodedError): never {
    this.#fault ??= error;
    throw error;
  }
}

/** The value that an edit makes out of the present one; undefined removes the variable. */
export function applyEdit(
  operation: EditOperation,
  present: string | undefined,
  value: string,
  separator: string = DEFAULT_SEPARATOR,
): string | undefined {
  switch (operation) {
    case "set":
      return value;
    case "setDefault":
      return present ?? value;
    case "prepend":
      return present === undefined || present === "" ? value : value + separator + present;
    case "append":
      return present === undefined || present === "" ? value : present + separator + value;
    case "unset":
      return undefined;
  }
}

/** What is wrong with the arguments of an edit; a plugin need not be written in TypeScript. */
function givenFault(key: string, given: unknown, separator: unknown): string | undefined {
  if (separator !== undefined && typeof separator !== "string")
    return `has a separator of type ${typeof separator}; give a string`;
  // Also where there is nothing to join: that may not depend on what the plugin can't see.
  const unfit = separator === undefined ? undefined : valueFault(key, separator);
  if (unfit !== undefined) return unfit;
  if (typeof given === "string") return undefined;
  if (!isSecretValue(given)) return `is of type ${typeOf(given)}; give a string, or what secret() returned`;
  if (typeof given.value !== "string") return `is a secret of type ${typeOf(given.value)}; give a string`;
  if (given.expiresAt === undefined) return undefined;
  return given.expiresAt instanceof Date && !Number.isNaN(given.expiresAt.getTime())
    ? undefined
    : "is a secret whose expiresAt is no valid Date";
}

function isSecretValue(value: unknown): value is { value: unknown; expiresAt?: unknown } {
  return isRecord(value) && value.$$type === SECRET_VALUE_TYPE && "value" in value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function typeOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function pathOf(file: unknown): unknown {
  return isRecord(file) ? file.path : file;
}

function fileFault(file: unknown): string | undefined {
  if (!isRecord(file)) return "must be an object of path, mode and content";
  const { path, mode, content } = file;
  if (
    typeof path !== "string" ||
    !posix.isAbsolute(path) ||
    posix.normalize(path) !== path ||
    path.endsWith("/")
  ) {
    return 'must be an absolute path without "..", "//" or a trailing "/"';
  }
  if (path.includes("\0")) return "holds a NUL character";
  if (typeof mode !== "number" || !Number.isInteger(mode) || mode < 0 || mode > 0o777)
    return "needs permission bits between 0 and 0o777 as mode";
  if (typeof content !== "string" && !(content instanceof Uint8Array))
    return `has a content of type ${typeOf(content)}; give a string or a Uint8Array`;
  return undefined;
}
