import type { LaunchFile } from "../../ports/container-runtime.js";
import type { Registered } from "../registry.js";
import type { DraftEdits } from "./draft.js";
import type { EnvLayer } from "./layers.js";
import {
  conflictsIn,
  explainWrites,
  type EnvLedger,
  type LedgerFile,
  type LedgerNote,
  type LedgerWriter,
  type ObservedRun,
} from "./ledger.js";
import type { EnvMutator } from "./types.js";

/** A value that must be masked from now on. */
export interface ChainSecret {
  readonly key: string;
  readonly value: string;
  readonly expiresAt?: Date | undefined;
}

/** What a chain notes as it runs. The ledger is only made out of it when somebody asks: that costs more than the chain. */
export class ChainJournal {
  readonly #layers: readonly EnvLayer[];
  readonly #files = new Map<string, { file: LaunchFile; mutator: Registered<EnvMutator> }>();
  readonly #notes: { mutator: Registered<EnvMutator>; edits: DraftEdits; dropped: boolean }[] = [];
  readonly #runs: ObservedRun[] = [];
  readonly #secrets: ChainSecret[] = [];

  constructor(layers: readonly EnvLayer[]) {
    this.#layers = layers;
    for (const layer of layers) {
      if (layer.secret !== true) continue;
      for (const [key, value] of Object.entries(layer.env)) this.#secrets.push({ key, value });
    }
  }

  /** All secret values so far, also of edits that were dropped: an error may tell them. */
  get secrets(): readonly ChainSecret[] {
    return this.#secrets;
  }

  /** The files that were accepted; of those with one path the last one. */
  files(): LaunchFile[] {
    return [...this.#files.values()].map(({ file }) => file);
  }

  accepted(mutator: Registered<EnvMutator>, edits: DraftEdits): void {
    for (const file of edits.files) this.#files.set(file.path, { file, mutator });
    this.#notes.push({ mutator, edits, dropped: false });
    this.#noteSecrets(edits);
  }

  dropped(mutator: Registered<EnvMutator>, edits: DraftEdits): void {
    this.#notes.push({ mutator, edits, dropped: true });
    this.#noteSecrets(edits);
  }

  ended(run: ObservedRun): void {
    this.#runs.push(run);
  }

  ledger(attempt: number, mask: (text: string) => string): EnvLedger {
    const variables = explainWrites(this.#writes(), mask);
    return {
      attempt,
      variables,
      conflicts: conflictsIn(variables),
      files: [...this.#files.values()].map(({ file, mutator }): LedgerFile => ({
        path: file.path,
        mode: `0${file.mode.toString(8)}`,
        bytes: Buffer.byteLength(file.content),
        writer: writerOf(mutator),
      })),
      // Masked here and not when it was noted: by now the caller may know the secrets that the chain brought.
      mutators: this.#runs.map(({ error, ...run }) =>
        error === undefined ? run : { ...run, error: { code: error.code, message: mask(error.message) } },
      ),
    };
  }

  #noteSecrets({ edits }: DraftEdits): void {
    for (const { secret, key, value, expiresAt } of edits) {
      if (secret) this.#secrets.push({ key, value, expiresAt });
    }
  }

  *#writes(): Generator<LedgerNote> {
    for (const layer of this.#layers) {
      const writer: LedgerWriter = { kind: "layer", name: layer.name };
      for (const [key, value] of Object.entries(layer.env)) {
        yield {
          writer,
          edit: { key, value, secret: layer.secret === true, operation: "layer" },
          dropped: false,
        };
      }
    }
    for (const { mutator, edits, dropped } of this.#notes) {
      const writer = writerOf(mutator);
      for (const edit of edits.edits) yield { writer, edit, dropped };
    }
  }
}

function writerOf({ contribution, owner }: Registered<EnvMutator>): LedgerWriter {
  return { kind: "plugin", name: owner.plugin, version: owner.version, mutator: contribution.name };
}
