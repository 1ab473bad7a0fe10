import type { EnvEdit } from "../hooks/env-mutators/draft.js";
import { globMatcher, globsMeet, isGlob } from "../hooks/env-mutators/globs.js";
import type { PluginEntry } from "./manifest-schema.js";

/** A variable that two enabled plugins set: the later one in the chain wins. */
export interface WriteConflict {
  /** Its name, or the globs of both manifest entries where only those are known. */
  readonly variable: string;
  /** The other plugin. */
  readonly plugin: string;
  /** `seen`: both have set it; `declared`: by an `env.writes` they may. */
  readonly basis: "seen" | "declared";
}

type Writer = Pick<PluginEntry, "name" | "env">;

/** Variables remembered of each plugin: one that makes names up must not fill the memory. */
const REMEMBERED = 1_024;

/**
 * Knows which plugins set the same variables: by what their manifest entries let them write, and by what they were
 * seen to set since the process started, also of a plugin that is disabled by now.
 */
export class WriteConflicts {
  readonly #seen = new Map<string, Set<string>>();

  /**
   * Takes note of accepted edits. Only `set` counts: the other edits build on what is there.
   * @returns what is in conflict as of now, one of each variable and plugin that had set it before
   */
  note(plugin: string, edits: readonly EnvEdit[]): readonly WriteConflict[] {
    let found: WriteConflict[] | undefined;
    const own = this.#of(plugin);
    for (const { operation, key } of edits) {
      if (operation !== "set" || own.has(key) || own.size >= REMEMBERED) continue;
      own.add(key);
      for (const [other, keys] of this.#seen) {
        if (other !== plugin && keys.has(key))
          (found ??= []).push({ variable: key, plugin: other, basis: "seen" });
      }
    }
    return found ?? NONE;
  }

  /** What `writer` is in conflict about with the others. */
  between(writer: Writer, others: readonly Writer[]): WriteConflict[] {
    return others
      .filter(({ name }) => name !== writer.name)
      .flatMap((other) => [...this.#shared(writer, other)])
      .map(([variable, { plugin, basis }]) => ({ variable, plugin, basis }));
  }

  #shared(one: Writer, other: Writer): Map<string, Omit<WriteConflict, "variable">> {
    const found = new Map<string, Omit<WriteConflict, "variable">>();
    const plugin = other.name;
    const [mine, theirs] = [this.#seen.get(one.name), this.#seen.get(plugin)];
    for (const key of mine ?? []) if (theirs?.has(key) === true) found.set(key, { plugin, basis: "seen" });
    const declare = (variable: string) => {
      if (!found.has(variable)) found.set(variable, { plugin, basis: "declared" });
    };
    for (const [globs, keys] of [
      [one.env?.writes, theirs],
      [other.env?.writes, mine],
    ] as const) {
      const matches = globMatcher(globs);
      if (matches !== undefined) for (const key of keys ?? []) if (matches(key)) declare(key);
    }
    for (const a of one.env?.writes ?? []) {
      for (const b of other.env?.writes ?? []) if (globsMeet(a, b)) declare(nameOf(a, b));
    }
    return found;
  }

  #of(plugin: string): Set<string> {
    const known = this.#seen.get(plugin);
    if (known !== undefined) return known;
    const made = new Set<string>();
    this.#seen.set(plugin, made);
    return made;
  }
}

const NONE: readonly WriteConflict[] = [];

/** What two globs that meet have in common, as far as it can be named. */
function nameOf(a: string, b: string): string {
  if (a === b || !isGlob(a)) return a;
  return isGlob(b) ? [a, b].sort().join(" and ") : b;
}
