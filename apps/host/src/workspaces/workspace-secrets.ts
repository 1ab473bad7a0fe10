import type { SecretMasker } from "@molecule/core";

/** Keeps the secrets of the workspaces' current attempts masked; those of earlier attempts are of no use any more. */
export class WorkspaceSecrets {
  readonly #masker: SecretMasker;
  readonly #releases = new Map<string, (() => void)[]>();

  constructor(masker: SecretMasker) {
    this.#masker = masker;
  }

  /** Masks one more value for as long as the workspace's attempt lasts. */
  add(workspaceId: string, value: string): void {
    const release = this.#masker.add(value);
    const releases = this.#releases.get(workspaceId);
    if (releases === undefined) this.#releases.set(workspaceId, [release]);
    else releases.push(release);
  }

  /** Masks these values in place of those of the workspace's last attempt. */
  replace(workspaceId: string, values: readonly string[]): void {
    this.forget(workspaceId);
    for (const value of values) this.add(workspaceId, value);
  }

  /** The workspace is gone. */
  forget(workspaceId: string): void {
    for (const release of this.#releases.get(workspaceId) ?? []) release();
    this.#releases.delete(workspaceId);
  }
}
