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

/**
 * The last accepted edits per mutator and workspace, for the policy `last-good`. In memory only: edits may hold
 * secrets in clear.
 */
export class LastGoodEdits {
  readonly #edits = new Map<string, DraftEdits>();

  remember(mutator: string, workspaceId: string, edits: DraftEdits): void {
    const key = `${mutator}\0${workspaceId}`;
    // Deleting first moves the key to the end: the map's order is then that of last use.
    this.#edits.delete(key);
    this.#edits.set(key, edits);
    const [oldest] = this.#edits.keys();
    if (this.#edits.size > REMEMBERED && oldest !== undefined) this.#edits.delete(oldest);
  }

  /** The remembered edits, unless there are none or a secret among them has expired at `nowMs`. */
  recall(mutator: string, workspaceId: string, nowMs: number): DraftEdits | undefined {
    const edits = this.#edits.get(`${mutator}\0${workspaceId}`);
    const expired = edits?.edits.some(
      (edit) => edit.expiresAt !== undefined && edit.expiresAt.getTime() <= nowMs,
    );
    return expired === true ? undefined : edits;
  }
}
