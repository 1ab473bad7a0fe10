/** Where the admin token is kept: the tab's `sessionStorage`. */
export interface TokenStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const KEY = "molecule.admin-token";

/** Keeps the admin token for as long as the tab is open, and gives it to nobody but the API's client. */
export class TokenKeeper {
  readonly #storage: TokenStorage;

  constructor(storage: TokenStorage) {
    this.#storage = storage;
  }

  /** The token, or null. */
  get(): string | null {
    return this.#storage.getItem(KEY);
  }

  /** @param token null forgets it */
  set(token: string | null): void {
    if (token === null) this.#storage.removeItem(KEY);
    else this.#storage.setItem(KEY, token);
  }
}
