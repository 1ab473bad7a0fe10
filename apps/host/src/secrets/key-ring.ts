import type { EncryptionKey } from "./encryption-key.js";

/** The key-encryption keys that this host has. */
export class KeyRing {
  readonly #keys: readonly EncryptionKey[];
  /** Encrypts from now on. */
  readonly primary: EncryptionKey;

  /** @param keys the one that encrypts, then those that only decrypt */
  constructor(keys: readonly [EncryptionKey, ...EncryptionKey[]]) {
    this.#keys = keys;
    [this.primary] = keys;
  }

  /** The key that is stored as `id`: its id now, or its fingerprint; a name is one of the two only. */
  find(id: string): EncryptionKey | undefined {
    return this.#keys.find((each) => each.id === id) ?? this.#keys.find((each) => each.fingerprint === id);
  }

  /** All of them, in their order. */
  all(): readonly EncryptionKey[] {
    return this.#keys;
  }
}
