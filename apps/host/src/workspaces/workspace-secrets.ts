import type { SecretMasker } from "@molecule/core";
import type { SecretVault } from "../secrets/secret-vault.js";

/**
 * Keeps the secrets of the workspaces' current attempts masked; those of earlier attempts are of no use any more. What
 * another host has set, or this one before it was started anew, it learns when a workspace first says something.
 */
export class WorkspaceSecrets {
  readonly #masker: SecretMasker;
  readonly #vault: Pick<SecretVault, "knownTo">;
  readonly #releases = new Map<string, (() => void)[]>();
  readonly #learned = new Map<string, Promise<number>>();
  readonly #global = new Map<string, () => void>();

  constructor(services: { masker: SecretMasker; vault: Pick<SecretVault, "knownTo"> }) {
    this.#masker = services.masker;
    this.#vault = services.vault;
  }

  /** Masks one more value for as long as the workspace's attempt lasts. */
  add(workspaceId: string, value: string): void {
    const release = this.#masker.add(value);
    const releases = this.#releases.get(workspaceId);
    if (releases === undefined) this.#releases.set(workspaceId, [release]);
    else releases.push(release);
  }

  /** Masks a secret of all workspaces, in place of the value that its key had. */
  addGlobal(key: string, value: string): void {
    const former = this.#global.get(key);
    this.#global.set(key, this.#masker.add(value));
    former?.();
  }

  /** Masks these values in place of those of the workspace's last attempt. */
  replace(workspaceId: string, values: readonly string[]): void {
    this.forget(workspaceId);
    for (const value of values) this.add(workspaceId, value);
  }

  /**
   * Masks every secret that the workspace may know: call it before anything is kept or shown that it said. Reads them
   * once for each attempt.
   */
  async learn({ id, attempt }: { readonly id: string; readonly attempt: number }): Promise<void> {
    const known = this.#learned.get(id);
    if ((await known) === attempt) return;
    const learning = this.#read(id, attempt);
    this.#learned.set(id, learning);
    try {
      await learning;
    } catch (error) {
      if (this.#learned.get(id) === learning) this.#learned.delete(id);
      throw error;
    }
  }

  /** The workspace is gone. */
  forget(workspaceId: string): void {
    for (const release of this.#releases.get(workspaceId) ?? []) release();
    this.#releases.delete(workspaceId);
    this.#learned.delete(workspaceId);
  }

  async #read(workspaceId: string, attempt: number): Promise<number> {
    for (const value of await this.#vault.knownTo(workspaceId)) this.add(workspaceId, value);
    return attempt;
  }
}
