/** The environment of a process, or a copy of it. */
export type MutableEnv = Record<string, string | undefined>;

/** What set a variable that the process was not started with. */
export interface EnvOrigin {
  readonly plugin: string;
  /** What the task fills the environment from, for people; see `BootTask.source`. */
  readonly source: string | null;
}

/**
 * A copy of the environment for one task of stage `env` to edit. A copy, so that the edits of a task that fails or
 * is too late never count, and so that it is known which task set what.
 */
export function draftOf(env: Readonly<MutableEnv>): MutableEnv {
  const draft = { ...env };
  // A variable may have any name; with a prototype, `__proto__` could not be set.
  Reflect.setPrototypeOf(draft, null);
  return draft;
}

/**
 * Makes `env` what `draft` is.
 * @returns the names of the variables that are others now
 */
export function applyDraft(env: MutableEnv, draft: Readonly<MutableEnv>): string[] {
  const changed: string[] = [];
  for (const name of new Set([...Object.keys(env), ...Object.keys(draft)])) {
    const value = draft[name];
    if (value === env[name]) continue;
    if (value === undefined) Reflect.deleteProperty(env, name);
    else env[name] = value;
    changed.push(name);
  }
  return changed;
}
