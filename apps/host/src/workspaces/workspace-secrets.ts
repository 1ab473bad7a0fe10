import { messageOf, type Logger, type SecretMasker } from "@molecule/core";
import type { SecretVault } from "../secrets/secret-vault.js";
import type { LaunchedSecrets } from "./launched-secrets.js";

/** One attempt of a workspace. */
interface Attempt {
  readonly id: string;
  readonly attempt: number;
}

/** Values that are masked for a workspace, with what releases each. */
type Masks = Map<string, () => void>;
type Mask = readonly [value: string, release: () => void];

/** Values of one key that are masked. */
const KEPT_VALUES = 2;

/**
 * Keeps the secrets of the workspaces' current attempts masked, and those of the last one until its container is gone. What
 * another host has set, or this one before it was started anew, it learns when a workspace first says something.
 */
export class WorkspaceSecrets {
  readonly #masker: SecretMasker;
  readonly #vault: Pick<SecretVault, "knownTo">;
  readonly #launched: Pick<LaunchedSecrets, "of">;
  readonly #log: Logger;
  readonly #current = new Map<string, Masks>();
  /** What is masked for an earlier attempt still, whose container may be there until a launch has replaced it. */
  readonly #former = new Map<string, Masks>();
  /** The last values of each key of a workspace that callers set, or that it was handed; the newest last. */
  readonly #kept = new Map<string, Map<string, Mask[]>>();
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
    const masks = masksOf(this.#current, workspaceId);
    if (!masks.has(value)) masks.set(value, this.#masker.add(value));
  }

  /**
   * Masks a value of a workspace's secret, and the one that the key had before: the workspace may still tell that one.
   * Older ones are given up, since an attempt may last for ever.
   */
  keep(workspaceId: string, key: string, value: string): void {
    const keys = this.#kept.get(workspaceId) ?? new Map<string, Mask[]>();
    this.#kept.set(workspaceId, keys);
    const masks = keys.get(key) ?? [];
    keys.set(key, masks);
    if (masks.at(-1)?.[0] === value) return;
    masks.push([value, this.#masker.add(value)]);
    if (masks.length > KEPT_VALUES) masks.shift()?.[1]();
  }

  /** Masks a secret of all workspaces, in place of the value that its key had. */
  addGlobal(key: string, value: string): void {
    const former = this.#global.get(key);
    this.#global.set(key, this.#masker.add(value));
    former?.();
  }

  /**
   * This host prepares a new attempt, of which it will know all. What the last one knew stays masked until
   * {@link replaced}: its container prints on until then, also when the launch comes to nothing.
   */
  launch({ id, attempt }: Attempt, token: string): void {
    const former = masksOf(this.#former, id);
    for (const [value, release] of [...(this.#current.get(id) ?? []), ...this.#takeKept(id)]) {
      if (former.has(value)) release();
      else former.set(value, release);
    }
    this.#current.delete(id);
    this.#learned.delete(id);
    this.add(id, token);
    this.#launches.set(id, attempt);
  }

  /** The container of the attempt that was prepared last has taken the place of any earlier one. */
  replaced(workspaceId: string): void {
    releaseAll(this.#former, workspaceId);
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
    releaseAll(this.#current, workspaceId);
    releaseAll(this.#former, workspaceId);
    for (const [, release] of this.#takeKept(workspaceId)) release();
    this.#learned.delete(workspaceId);
    this.#launches.delete(workspaceId);
  }

  #takeKept(workspaceId: string): Mask[] {
    const masks = [...(this.#kept.get(workspaceId)?.values() ?? [])].flat();
    this.#kept.delete(workspaceId);
    return masks;
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

function masksOf(all: Map<string, Masks>, workspaceId: string): Masks {
  const masks = all.get(workspaceId) ?? new Map<string, () => void>();
  all.set(workspaceId, masks);
  return masks;
}

function releaseAll(all: Map<string, Masks>, workspaceId: string): void {
  for (const release of all.get(workspaceId)?.values() ?? []) release();
  all.delete(workspaceId);
}
