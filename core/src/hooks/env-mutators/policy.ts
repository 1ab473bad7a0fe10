import type { DraftEdits } from "./draft.js";

/** What a mutator's failure does to the provision. */
export type FailurePolicy = "fail" | "skip" | "last-good";

/** How the manifest wants a plugin's mutators treated. */
export interface MutatorPolicy {
  /** `fail` when absent. */
  readonly onError?: FailurePolicy | undefined;
  /** Ms for one call; 30,000 when absent. */
  readonly timeoutMs?: number | undefined;
  /** Globs of the variables that the plugin may see; all when absent. */
  readonly reads?: readonly string[] | undefined;
  /** Globs of the variables that the plugin may write; all but the platform's when absent. */
  readonly writes?: readonly string[] | undefined;
}

/** How many mutators' last accepted edits are remembered. */
const REMEMBERED = 4096;

/** Whose edits, and of which workspace. */
export interface EditsOwner {
  readonly plugin: string;
  readonly mutator: string;
  readonly workspaceId: string;
}

/**
 * The last accepted edits per mutator and workspace, for the policy `last-good`. In memory only: edits may hold
 * secrets in clear.
 */
export class LastGoodEdits {
  readonly #edits = new Map<string, { readonly plugin: string; readonly edits: DraftEdits }>();

  remember(owner: EditsOwner, edits: DraftEdits): void {
    const key = keyOf(owner);
    // Deleting first moves the key to the end: the map's order is then that of last use.
    this.#edits.delete(key);
    this.#edits.set(key, { plugin: owner.plugin, edits });
    const [oldest] = this.#edits.keys();
    if (this.#edits.size > REMEMBERED && oldest !== undefined) this.#edits.delete(oldest);
  }

  /** The remembered edits, unless there are none or a secret among them has expired at `nowMs`. */
  recall(owner: EditsOwner, nowMs: number): DraftEdits | undefined {
    const found = this.#edits.get(keyOf(owner))?.edits;
    const expired = found?.edits.some(
      (edit) => edit.expiresAt !== undefined && edit.expiresAt.getTime() <= nowMs,
    );
    return expired === true ? undefined : found;
  }

  /** Forgets what a plugin edited: it was disabled, and another version may come in its place. */
  forget(plugin: string): void {
    for (const [key, remembered] of this.#edits) if (remembered.plugin === plugin) this.#edits.delete(key);
  }
}

function keyOf({ plugin, mutator, workspaceId }: EditsOwner): string {
  return [plugin, mutator, workspaceId].join("\0");
}
