import type { CodedError } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { Clock } from "../../ports/clock.js";
import type { LaunchFile } from "../../ports/container-runtime.js";
import type { Logger } from "../../ports/logger.js";
import { HOST_OWNER, type Registered } from "../registry.js";
import { callMutator } from "./call-mutator.js";
import { RecordingDraft, type DraftEdits } from "./draft.js";
import { Environment } from "./environment.js";
import { globMatcher } from "./globs.js";
import {
  conflictsIn,
  explainWrites,
  type EnvLedger,
  type LedgerFile,
  type LedgerNote,
  type LedgerWriter,
  type MutatorRun,
  type ObservedRun,
} from "./ledger.js";
import { CHAIN_TIMEOUT_MS, DEFAULT_MUTATOR_TIMEOUT_MS, MAX_ENTRY_BYTES, MAX_ENV_BYTES } from "./limits.js";
import { MutatorContext, type ProvisionFacts } from "./mutator-context.js";
import type { LastGoodEdits, MutatorPolicy } from "./policy.js";
import type { EnvMutator } from "./types.js";

/** One layer of the environment below the plugins. */
export interface EnvLayer {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether every value of it is secret. */
  readonly secret?: boolean;
}

/** A mutator with its owner, as the chain runs it. */
export type ChainMutator = Registered<EnvMutator>;

/** What a chain run needs. */
export interface ChainInput {
  readonly layers: readonly EnvLayer[];
  readonly mutators: readonly ChainMutator[];
  readonly facts: ProvisionFacts;
  /** Prefix of file paths as the workspace's process sees them. */
  readonly fileRoot: string;
  /** Ends the chain early. */
  readonly signal: AbortSignal;
  /** Told of each secret value as soon as there is one, so that it is masked before anything can be logged with it. */
  readonly onSecret?: ((value: string) => void) | undefined;
}

/** What the chain works with. */
export interface ChainServices {
  readonly clock: Clock;
  readonly log: Logger;
  /** Needed for the policy `last-good`. */
  readonly lastGood?: LastGoodEdits | undefined;
  readonly policyOf: (plugin: string) => MutatorPolicy;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
  /** Whether the mutator is still registered: a plugin may be disabled while the chain runs. */
  readonly isRegistered?: ((mutator: ChainMutator) => boolean) | undefined;
  /** Told of each asynchronous call, for waiting on a plugin's running calls. */
  readonly onCall?: ((plugin: string, call: Promise<unknown>) => void) | undefined;
  /** Told of the edits that were accepted of a plugin. Must not throw. */
  readonly onEdits?: ((plugin: string, edits: DraftEdits["edits"]) => void) | undefined;
  /** Told of each mutator that was called, when it has ended, for metrics. Must not throw. */
  readonly onMutator?: ((run: ObservedRun) => void) | undefined;
}

/** A value that must be masked from now on. */
export interface ChainSecret {
  readonly key: string;
  readonly value: string;
  readonly expiresAt?: Date | undefined;
}

/** What came of a chain. A failure still tells the ledger up to it. */
export type ChainResult = {
  readonly ledger: () => EnvLedger;
  readonly secrets: readonly ChainSecret[];
} & (
  | { readonly ok: true; readonly env: ReadonlyMap<string, string>; readonly files: readonly LaunchFile[] }
  | {
      readonly ok: false;
      /** Whose fault it is; `host` where that is a layer's. */
      readonly plugin: string;
      readonly error: CodedError;
    }
);

/** Runs the env mutators of one provision, each seeing what the earlier ones did. Never throws. */
export async function runEnvChain(input: ChainInput, services: ChainServices): Promise<ChainResult> {
  const run = new ChainRun(input, services);
  return run.run();
}

class ChainRun {
  readonly #input: ChainInput;
  readonly #services: ChainServices;
  readonly #env = new Environment();
  readonly #files = new Map<string, { file: LaunchFile; writer: LedgerWriter }>();
  readonly #notes: { writer: LedgerWriter; edits: DraftEdits; dropped: boolean }[] = [];
  readonly #runs: ObservedRun[] = [];
  readonly #secrets: ChainSecret[] = [];
  readonly #deadline: number;

  constructor(input: ChainInput, services: ChainServices) {
    this.#input = input;
    this.#services = services;
    this.#deadline = services.clock.monotonic() + CHAIN_TIMEOUT_MS;
    for (const layer of input.layers) {
      this.#env.load(layer.env);
      if (layer.secret !== true) continue;
      for (const [key, value] of Object.entries(layer.env)) this.#secrets.push({ key, value });
    }
    if (input.onSecret !== undefined) for (const { value } of this.#secrets) input.onSecret(value);
  }

  async run(): Promise<ChainResult> {
    let failure: { plugin: string; error: CodedError } | undefined;
    for (const mutator of this.#input.mutators) {
      if (failure !== undefined) {
        this.#note(mutator, "not-run", 0, 0);
        continue;
      }
      if (this.#services.isRegistered?.(mutator) === false) {
        this.#note(mutator, "withdrawn", 0, 0);
        continue;
      }
      const started = this.#services.clock.monotonic();
      const turn = this.#callOne(mutator, started);
      // Awaiting only real promises keeps a chain of synchronous mutators as fast as a plain loop.
      const error = turn instanceof Promise ? await turn : turn;
      if (error === undefined) continue;
      const durationMs = this.#services.clock.monotonic() - started;
      if (this.#recover(mutator, error, durationMs) === "failed") {
        failure = { plugin: mutator.owner.plugin, error };
      }
    }
    failure ??= this.#oversized();
    const common = { ledger: () => this.#ledger(), secrets: this.#secrets };
    if (failure !== undefined) return { ok: false, ...failure, ...common };
    return {
      ok: true,
      env: this.#env.values,
      files: [...this.#files.values()].map((entry) => entry.file),
      ...common,
    };
  }

  /** What a layer brought that no process can be given, unless a mutator took it out. */
  #oversized(): { plugin: string; error: CodedError } | undefined {
    const found = this.#env.oversized();
    if (found === undefined) return undefined;
    const error = errors.ENV_ENTRY_TOO_LARGE({ ...found, allowedBytes: MAX_ENTRY_BYTES });
    return { plugin: HOST_OWNER.plugin, error };
  }

  /** Calls one mutator and takes its edits over; gives its failure, if any. */
  #callOne(
    registered: ChainMutator,
    started: number,
  ): CodedError | undefined | Promise<CodedError | undefined> {
    const { contribution: mutator, owner } = registered;
    const { clock, log, lastGood, policyOf, onCall } = this.#services;
    const { facts } = this.#input;
    const policy = policyOf(owner.plugin);
    const draft = new RecordingDraft(this.#env.values, {
      plugin: owner.plugin,
      mutator: mutator.name,
      fileRoot: this.#input.fileRoot,
      onSecret: this.#input.onSecret,
      mayRead: globMatcher(policy.reads),
      mayWrite: globMatcher(policy.writes),
      writes: policy.writes,
    });
    const context = new MutatorContext(facts, () =>
      log.child({ plugin: owner.plugin, mutator: mutator.name, workspaceId: facts.workspaceId }),
    );
    const timeoutMs = policy.timeoutMs ?? DEFAULT_MUTATOR_TIMEOUT_MS;
    const settled = callMutator(registered, draft, context, {
      clock,
      signal: this.#input.signal,
      timeoutMs: Math.min(timeoutMs, Math.max(0, this.#deadline - started)),
      limit: this.#deadline - started < timeoutMs ? "the whole chain's time" : "its timeoutMs",
    });
    const accept = (thrown: CodedError | undefined): CodedError | undefined => {
      draft.close();
      const error =
        thrown ??
        draft.fault ??
        this.#commit(registered, draft.recorded(), "applied", clock.monotonic() - started);
      if (error !== undefined) {
        this.#notes.push({ writer: writerOf(registered), edits: draft.recorded(), dropped: true });
        // Its error may tell them, though they are not set.
        this.#noteSecrets(draft.recorded());
      } else if (policy.onError === "last-good" && !facts.dryRun) {
        // A preview's values may be stand-ins.
        lastGood?.remember(mutator.name, facts.workspaceId, draft.recorded());
      }
      return error;
    };
    if (!(settled instanceof Promise)) return accept(settled);
    onCall?.(owner.plugin, settled);
    return settled.then(accept);
  }

  /** Takes edits over as a whole; gives the reason when the result would be too large. */
  #commit(
    registered: ChainMutator,
    edits: DraftEdits,
    outcome: "applied" | "last-good",
    durationMs: number,
    error?: CodedError,
  ): CodedError | undefined {
    const bytes = this.#env.apply(edits.edits);
    if (bytes !== undefined) {
      return errors.ENV_TOO_LARGE({ plugin: registered.owner.plugin, bytes, allowedBytes: MAX_ENV_BYTES });
    }
    const writer = writerOf(registered);
    for (const file of edits.files) this.#files.set(file.path, { file, writer });
    this.#noteSecrets(edits);
    this.#notes.push({ writer, edits, dropped: false });
    this.#services.onEdits?.(registered.owner.plugin, edits.edits);
    this.#note(registered, outcome, durationMs, edits.edits.length, error);
    return undefined;
  }

  #noteSecrets({ edits }: DraftEdits): void {
    for (const { secret, key, value, expiresAt } of edits) {
      if (secret) this.#secrets.push({ key, value, expiresAt });
    }
  }

  /** Applies the plugin's failure policy. */
  #recover(registered: ChainMutator, error: CodedError, durationMs: number): "failed" | "recovered" {
    const { owner, contribution } = registered;
    const { onError = "fail" } = this.#services.policyOf(owner.plugin);
    const givenUp = this.#input.signal.aborted;
    if (onError === "last-good" && !givenUp) {
      const edits = this.#services.lastGood?.recall(
        contribution.name,
        this.#input.facts.workspaceId,
        this.#services.clock.now(),
      );
      if (
        edits !== undefined &&
        this.#commit(registered, edits, "last-good", durationMs, error) === undefined
      ) {
        return "recovered";
      }
    }
    const skipped = onError === "skip" && !givenUp;
    this.#note(registered, skipped ? "skipped" : "failed", durationMs, 0, error);
    return skipped ? "recovered" : "failed";
  }

  #note(
    { contribution, owner }: ChainMutator,
    outcome: MutatorRun["outcome"],
    durationMs: number,
    edits: number,
    error?: CodedError,
  ): void {
    const run: ObservedRun = {
      plugin: owner.plugin,
      version: owner.version,
      mutator: contribution.name,
      outcome,
      durationMs,
      edits,
      error,
    };
    this.#runs.push(run);
    if (outcome !== "not-run" && outcome !== "withdrawn") this.#services.onMutator?.(run);
  }

  #ledger(): EnvLedger {
    const files = [...this.#files.values()].map(({ file, writer }): LedgerFile => ({
      path: file.path,
      mode: `0${file.mode.toString(8)}`,
      bytes: Buffer.byteLength(file.content),
      writer,
    }));
    const variables = explainWrites(this.#writes(), this.#services.mask);
    return {
      attempt: this.#input.facts.attempt,
      variables,
      conflicts: conflictsIn(variables),
      files,
      // Masked here and not when it was noted: by now the caller may know the secrets that the chain brought.
      mutators: this.#runs.map(({ error, ...run }) =>
        error === undefined
          ? run
          : { ...run, error: { code: error.code, message: this.#services.mask(error.message) } },
      ),
    };
  }

  *#writes(): Generator<LedgerNote> {
    for (const layer of this.#input.layers) {
      const writer: LedgerWriter = { kind: "layer", name: layer.name };
      for (const [key, value] of Object.entries(layer.env)) {
        yield {
          writer,
          edit: { key, value, secret: layer.secret === true, operation: "layer" },
          dropped: false,
        };
      }
    }
    for (const { writer, edits, dropped } of this.#notes) {
      for (const edit of edits.edits) yield { writer, edit, dropped };
    }
  }
}

function writerOf({ contribution, owner }: ChainMutator): LedgerWriter {
  return { kind: "plugin", name: owner.plugin, version: owner.version, mutator: contribution.name };
}
