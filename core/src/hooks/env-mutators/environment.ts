import { applyEdit, type EnvEdit } from "./draft.js";
import {
  MAX_BYTES_PER_UNIT,
  MAX_ENTRY_BYTES,
  MAX_ENV_BYTES,
  entryUnits,
  environmentBytes,
  isUsableKey,
} from "./limits.js";

/** The environment as a chain makes it, edit by edit. */
export class Environment {
  readonly #values = new Map<string, string>();
  /**
   * Its size in UTF-16 units at most, kept up to date: counting anew costs more than a mutator does. A variable that
   * two layers set counts twice; where the figure matters, the exact one is taken.
   */
  #units = 0;
  /** Variables of the layers that may be no use; those of plugins are refused when they are made. */
  readonly #suspects = new Set<string>();

  /** The variables as they are now. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** Names of variables of the layers that a process perhaps can't be given. */
  get suspects(): ReadonlySet<string> {
    return this.#suspects;
  }

  /** Puts a layer over what is there. */
  load(layer: Readonly<Record<string, string>>): void {
    for (const key in layer) {
      const value = layer[key] ?? "";
      this.#values.set(key, value);
      const units = entryUnits(key, value);
      this.#units += units;
      if (units * MAX_BYTES_PER_UNIT > MAX_ENTRY_BYTES || !isUsableKey(key) || value.includes("\0")) {
        this.#suspects.add(key);
      }
    }
  }

  /** Whether it is larger than any workspace may get. */
  isTooLarge(): boolean {
    return this.#units * MAX_BYTES_PER_UNIT > MAX_ENV_BYTES && environmentBytes(this.#values) > MAX_ENV_BYTES;
  }

  /**
   * Applies edits as a whole.
   * @returns the bytes that they would make it, when that is too much and nothing was changed; else undefined
   */
  apply(edits: readonly EnvEdit[]): number | undefined {
    let most = this.#units;
    for (const { key, value, separator = "" } of edits) most += entryUnits(key, value) + separator.length;
    if (most * MAX_BYTES_PER_UNIT <= MAX_ENV_BYTES) {
      this.#edit(edits);
      return undefined;
    }
    const before = new Map(edits.map(({ key }) => [key, this.#values.get(key)]));
    this.#edit(edits);
    if (!this.isTooLarge()) return undefined;
    const bytes = environmentBytes(this.#values);
    for (const [key, value] of before) this.#assign(key, this.#values.get(key), value);
    if (!this.isTooLarge()) return bytes;
    // It was too large before: the layers' doing, told when the chain has ended, unless a mutator makes it smaller.
    this.#edit(edits);
    return undefined;
  }

  #edit(edits: readonly EnvEdit[]): void {
    for (const { key, operation, value, separator } of edits) {
      const present = this.#values.get(key);
      this.#assign(key, present, applyEdit(operation, present, value, separator));
    }
  }

  #assign(key: string, present: string | undefined, value: string | undefined): void {
    if (present !== undefined) this.#units -= entryUnits(key, present);
    if (value === undefined) {
      this.#values.delete(key);
      return;
    }
    this.#values.set(key, value);
    this.#units += entryUnits(key, value);
  }
}
