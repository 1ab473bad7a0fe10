import { applyEdit, type EnvEdit } from "./draft.js";
import {
  MAX_BYTES_PER_UNIT,
  MAX_ENTRY_BYTES,
  MAX_ENV_BYTES,
  entryUnits,
  environmentBytes,
  oversize,
} from "./limits.js";

/** The environment as a chain makes it, edit by edit. */
export class Environment {
  readonly #values = new Map<string, string>();
  /**
   * Its size in UTF-16 units at most, kept up to date: counting anew costs more than a mutator does. A variable that
   * two layers set counts twice; where the figure matters, the exact one is taken.
   */
  #units = 0;
  /** Variables of the layers that may be too large; those of plugins are refused when they are made. */
  readonly #large = new Set<string>();

  /** The variables as they are now. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** Puts a layer over what is there. */
  load(layer: Readonly<Record<string, string>>): void {
    for (const key in layer) {
      const value = layer[key] ?? "";
      this.#values.set(key, value);
      const units = entryUnits(key, value);
      this.#units += units;
      if (units * MAX_BYTES_PER_UNIT > MAX_ENTRY_BYTES) this.#large.add(key);
    }
  }

  /** A variable that no process can be given, with its bytes; undefined when there is none. */
  oversized(): { readonly key: string; readonly bytes: number } | undefined {
    for (const key of this.#large) {
      const value = this.#values.get(key);
      const bytes = value === undefined ? undefined : oversize(key, value);
      if (bytes !== undefined) return { key, bytes };
    }
    return undefined;
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
