import { messageOf, type Logger, type SecretMasker } from "@molecule/core";
import type { SecretVault } from "../secrets/secret-vault.js";
import type { LaunchedSecrets } from "./launched-secrets.js";

/** One attempt of a workspace. */
interface Attempt {
  readonly id: string;
  readonly attempt: number;
}

/**
 * Keeps the secrets of the workspaces' current attempts masked; those of earlier attempts are of no use any more. What
 * another host has set, or this one before it was started anew, it learns when a workspace first says something.
 */
export class WorkspaceSecrets {
  readonly #masker: SecretMasker;
  readonly #vault: Pick<SecretVault, "knownTo">;
  readonly #launched: Pick<LaunchedSecrets, "of">;
  readonly #log: Logger;
  readonly #releases = new Map<string, (() => void)[]>();
  readonly #learned = new Map<string, Promise<number>>();
  /** The attempts of which it is known what they were launched with. */
  readonly #launches = new Map<string, number>();
  readonly #global = new Map<string, () => void>();

  constructor(services: {
    masker: SecretMasker;
    vault: Pick<SecretVault, "knownTo">;
    launched: Pick<LaunchedSecrets, "of">;
    log: Logger;
  }) {
    this.#masker = services.masker;
    this.#vault = services.vault;
    this.#launched = services.launched;
    this.#log = services.log;
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

  /** This host launches a new attempt: its token is masked in place of all that the last one knew. */
  launch({ id, attempt }: Attempt, token: string): void {
    this.forget(id);
    this.add(id, token);
    this.#launches.set(id, attempt);
  }

  /**
   * Masks every secret that the workspace may know: call it before anything is kept that it said. Reads them once for
   * each attempt. While the engine is away it goes without what only the engine knows, since agents must be heard then.
   */
  async learn(of: Attempt): Promise<void> {
    await this.#learnStored(of);
    await this.#learnLaunched(of).catch((error: unknown) => {
      const fields = { workspaceId: of.id, reason: messageOf(error) };
      this.#log.warn("can't ask the engine what the workspace was launched with, to mask it", fields);
    });
  }

  /**
   * As {@link learn}, and all of them or none: before anything is shown that came from the engine itself.
   * @throws what the engine answers when it can't be asked
   */
  async learnAll(of: Attempt): Promise<void> {
    await this.#learnStored(of);
    await this.#learnLaunched(of);
  }

  /** The workspace is gone. */
  forget(workspaceId: string): void {
    for (const release of this.#releases.get(workspaceId) ?? []) release();
    this.#releases.delete(workspaceId);
    this.#learned.delete(workspaceId);
    this.#launches.delete(workspaceId);
  }

  async #learnStored({ id, attempt }: Attempt): Promise<void> {
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

  async #read(workspaceId: string, attempt: number): Promise<number> {
    for (const value of await this.#vault.knownTo(workspaceId)) this.add(workspaceId, value);
    return attempt;
  }

  async #learnLaunched({ id, attempt }: Attempt): Promise<void> {
    if (this.#launches.get(id) === attempt) return;
    for (const value of await this.#launched.of(id, attempt)) this.add(id, value);
    this.#launches.set(id, attempt);
  }
}
