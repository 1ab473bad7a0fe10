import type { CodedError } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { Clock } from "../../ports/clock.js";
import type { LaunchFile } from "../../ports/container-runtime.js";
import type { Logger } from "../../ports/logger.js";
import { HOST_OWNER, type Registered } from "../registry.js";
import { callMutator, type CallBounds } from "./call-mutator.js";
import { RecordingDraft, type DraftEdits } from "./draft.js";
import { Environment } from "./environment.js";
import { globMatcher } from "./globs.js";
import { ChainJournal, type ChainSecret } from "./journal.js";
import { sizeFault, variableFaults, type EnvLayer } from "./layers.js";
import type { EnvLedger, MutatorRun, ObservedRun } from "./ledger.js";
import { CHAIN_TIMEOUT_MS, DEFAULT_MUTATOR_TIMEOUT_MS, MAX_ENV_BYTES } from "./limits.js";
import { MutatorContext, type ProvisionFacts } from "./mutator-context.js";
import type { EditsOwner, LastGoodEdits, MutatorPolicy } from "./policy.js";
import type { EnvMutator } from "./types.js";

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
  /** Told of a mutator's work that goes on after its call was given up. */
  readonly onLate?: CallBounds["onLate"];
  /** Told of the edits that were accepted of a plugin. Must not throw. */
  readonly onEdits?: ((plugin: string, edits: DraftEdits["edits"]) => void) | undefined;
  /** Told of each mutator that was called, when it has ended, for metrics. Must not throw. */
  readonly onMutator?: ((run: ObservedRun) => void) | undefined;
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
  readonly #journal: ChainJournal;
  readonly #deadline: number;
  /** When the last turn ended and the next one began: a reading of the clock for each would cost what a mutator does. */
  #turnBegan: number;

  constructor(input: ChainInput, services: ChainServices) {
    this.#input = input;
    this.#services = services;
    this.#turnBegan = services.clock.monotonic();
    this.#deadline = this.#turnBegan + CHAIN_TIMEOUT_MS;
    for (const layer of input.layers) this.#env.load(layer.env);
    this.#journal = new ChainJournal(input.layers);
    if (input.onSecret !== undefined) for (const { value } of this.#journal.secrets) input.onSecret(value);
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
      const turn = this.#callOne(mutator);
      // Awaiting only real promises keeps a chain of synchronous mutators as fast as a plain loop.
      const error = turn instanceof Promise ? await turn : turn;
      if (error !== undefined) failure = { plugin: mutator.owner.plugin, error };
    }
    failure ??= this.#unusableLayers();
    const common = {
      ledger: () => this.#journal.ledger(this.#input.facts.attempt, this.#services.mask),
      secrets: this.#journal.secrets,
    };
    if (failure !== undefined) return { ok: false, ...failure, ...common };
    return { ok: true, env: this.#env.values, files: this.#journal.files(), ...common };
  }

  /** What the layers brought that no process can be given, unless the mutators took it out. */
  #unusableLayers(): { plugin: string; error: CodedError } | undefined {
    const { layers } = this.#input;
    const { values, suspects } = this.#env;
    const faults = suspects.size === 0 ? [] : variableFaults(layers, values, suspects);
    if (this.#env.isTooLarge()) faults.push(sizeFault(layers, values));
    if (faults.length === 0) return undefined;
    return { plugin: HOST_OWNER.plugin, error: errors.ENV_LAYERS_INVALID({ faults }) };
  }

  /** Calls one mutator and takes its edits over; gives its failure where that ends the chain. */
  #callOne(registered: ChainMutator): CodedError | undefined | Promise<CodedError | undefined> {
    const { contribution: mutator, owner } = registered;
    const { clock, log, lastGood, policyOf, onCall, onLate } = this.#services;
    const { facts } = this.#input;
    const policy = policyOf(owner.plugin);
    const draft = this.#draft(registered, policy);
    const context = new MutatorContext(facts, () =>
      log.child({ plugin: owner.plugin, mutator: mutator.name, workspaceId: facts.workspaceId }),
    );
    const timeoutMs = policy.timeoutMs ?? DEFAULT_MUTATOR_TIMEOUT_MS;
    const leftMs = this.#deadline - this.#turnBegan;
    const settled = callMutator(registered, draft, context, {
      clock,
      signal: this.#input.signal,
      timeoutMs: Math.min(timeoutMs, Math.max(0, leftMs)),
      limit: leftMs < timeoutMs ? "the whole chain's time" : "its timeoutMs",
      onLate,
    });
    const accept = (thrown: CodedError | undefined): CodedError | undefined => {
      draft.close();
      const durationMs = this.#endTurn();
      const edits = draft.recorded();
      const error = thrown ?? draft.fault ?? this.#commit(registered, edits, "applied", durationMs);
      if (error === undefined) {
        // A preview's values may be stand-ins.
        if (policy.onError === "last-good" && !facts.dryRun) {
          lastGood?.remember(editsOwner(registered, facts), edits);
        }
        return undefined;
      }
      this.#journal.dropped(registered, edits);
      return this.#recover(registered, error, durationMs) === "failed" ? error : undefined;
    };
    if (!(settled instanceof Promise)) return accept(settled);
    onCall?.(owner.plugin, settled);
    return settled.then(accept);
  }

  /** Records over the environment as it is now. */
  #draft({ contribution, owner }: ChainMutator, { reads, writes }: MutatorPolicy): RecordingDraft {
    return new RecordingDraft(this.#env.values, {
      plugin: owner.plugin,
      mutator: contribution.name,
      fileRoot: this.#input.fileRoot,
      onSecret: this.#input.onSecret,
      mayRead: globMatcher(reads),
      mayWrite: globMatcher(writes),
      writes,
    });
  }

  /** The ms of the turn that ends now. */
  #endTurn(): number {
    const began = this.#turnBegan;
    this.#turnBegan = this.#services.clock.monotonic();
    return this.#turnBegan - began;
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
    this.#journal.accepted(registered, edits);
    this.#services.onEdits?.(registered.owner.plugin, edits.edits);
    this.#note(registered, outcome, durationMs, edits.edits.length, error);
    return undefined;
  }

  /** Applies the plugin's failure policy. */
  #recover(registered: ChainMutator, error: CodedError, durationMs: number): "failed" | "recovered" {
    const { owner } = registered;
    const policy = this.#services.policyOf(owner.plugin);
    const { onError = "fail" } = policy;
    const givenUp = this.#input.signal.aborted;
    if (onError === "last-good" && !givenUp) {
      const edits = this.#recall(registered, policy);
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

  /**
   * The mutator's last accepted edits, unless they don't fit any more. They are made anew over the environment as it is
   * now: what they are joined to may have grown, and what an earlier attempt knew is no longer masked for this one.
   */
  #recall(registered: ChainMutator, policy: MutatorPolicy): DraftEdits | undefined {
    const { lastGood, clock } = this.#services;
    const remembered = lastGood?.recall(editsOwner(registered, this.#input.facts), clock.now());
    if (remembered === undefined) return undefined;
    const draft = this.#draft(registered, policy);
    try {
      draft.replay(remembered);
    } catch {
      // The draft keeps it as its fault.
    }
    return draft.fault === undefined ? draft.recorded() : undefined;
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
    this.#journal.ended(run);
    if (outcome !== "not-run" && outcome !== "withdrawn") this.#services.onMutator?.(run);
  }
}

function editsOwner({ owner, contribution }: ChainMutator, { workspaceId }: ProvisionFacts): EditsOwner {
  return { plugin: owner.plugin, mutator: contribution.name, workspaceId };
}
