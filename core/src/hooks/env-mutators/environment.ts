import { applyEdit, type EnvEdit } from "./draft.js";
import { MAX_BYTES_PER_UNIT, MAX_ENV_BYTES, entryUnits, environmentBytes } from "./limits.js";

/** The environment as a chain makes it, edit by edit. */
export class Environment {
  readonly #values = new Map<string, string>();
  /**
   * Its size in UTF-16 units at most, kept up to date: counting anew costs more than a mutator does. A variable that
   * two layers set counts twice; where the figure matters, the exact one is taken.
   */
  #units = 0;

  /** The variables as they are now. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** Puts a layer over what is there. */
  load(layer: Readonly<Record<string, string>>): void {
    for (const key in layer) {
      const value = layer[key] ?? "";
      this.#values.set(key, value);
      this.#units += entryUnits(key, value);
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

  /**
   * Applies edits as a whole.
   * @returns the bytes that they would make it, when that is too much and nothing was changed; else undefined
   */
  apply(edits: readonly EnvEdit[]): number | undefined {
    const undo = new Map<string, string | undefined>();
    for (const { key, operation, value, separator } of edits) {
      const present = this.#values.get(key);
      if (!undo.has(key)) undo.set(key, present);
      this.#assign(key, present, applyEdit(operation, present, value, separator));
    }
    // Without edits it is no larger than before: what the layers alone exceed is not the mutator's doing.
    if (edits.length === 0 || this.#units * MAX_BYTES_PER_UNIT <= MAX_ENV_BYTES) return undefined;
    const bytes = environmentBytes(this.#values);
    if (bytes <= MAX_ENV_BYTES) return undefined;
    for (const [key, value] of undo) this.#assign(key, this.#values.get(key), value);
    return bytes;
  }
}
