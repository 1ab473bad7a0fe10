import type { SecretMasker } from "@molecule/core";

/** Tokens that are kept masked; more than any platform has live ones, and a bound on what revoked ones leave behind. */
const LIMIT = 10_000;

/**
 * Keeps tokens masked whose text this host has seen: it was issued here, or somebody came in with it. Only hashes are
 * stored, so others can't be known; nor can they come out of this host before they came in.
 */
export class TokenMasks {
  readonly #masker: Pick<SecretMasker, "add">;
  readonly #limit: number;
  /** The one that was added first comes first. */
  readonly #releases = new Map<string, () => void>();

  constructor(masker: Pick<SecretMasker, "add">, options: { limit?: number } = {}) {
    this.#masker = masker;
    this.#limit = options.limit ?? LIMIT;
  }

  /** Masks a token from now on. */
  add(tokenId: string, token: string): void {
    if (this.#releases.has(tokenId)) return;
    this.#releases.set(tokenId, this.#masker.add(token));
    if (this.#releases.size <= this.#limit) return;
    for (const [oldest, release] of this.#releases) {
      release();
      this.#releases.delete(oldest);
      return;
    }
  }
}
