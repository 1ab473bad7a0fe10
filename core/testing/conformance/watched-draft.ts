import type { ChainMutator, EnvDraft } from "../../src/index.js";

/** What mutators looked at and wrote. */
export interface Touched {
  /** Variables that were read before the mutator had written them itself. */
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** The same mutators, with a note of every variable that they read or write. */
export function watched(mutators: readonly ChainMutator[]): {
  mutators: readonly ChainMutator[];
  touched: Touched;
} {
  const reads = new Set<string>();
  const writes = new Set<string>();
  return {
    touched: { reads, writes },
    mutators: mutators.map(({ contribution, owner }) => ({
      owner,
      contribution: {
        name: contribution.name,
        mutate: (env, ctx) => contribution.mutate(watchedDraft(env, reads, writes), ctx),
      },
    })),
  };
}

function watchedDraft(draft: EnvDraft, reads: Set<string>, writes: Set<string>): EnvDraft {
  const own = new Set<string>();
  const read = (key: string): string => {
    if (!own.has(key)) reads.add(key);
    return key;
  };
  const wrote = (key: string): string => {
    own.add(key);
    writes.add(key);
    return key;
  };
  return {
    get: (key) => draft.get(read(key)),
    has: (key) => draft.has(read(key)),
    keys: () => draft.keys(),
    set: (key, value) => draft.set(wrote(key), value),
    setDefault: (key, value) => draft.setDefault(wrote(key), value),
    prepend: (key, value, separator) => draft.prepend(wrote(key), value, separator),
    append: (key, value, separator) => draft.append(wrote(key), value, separator),
    unset: (key) => draft.unset(wrote(key)),
    secret: (value, options) => draft.secret(value, options),
    files: { add: (file) => draft.files.add(file) },
  };
}
