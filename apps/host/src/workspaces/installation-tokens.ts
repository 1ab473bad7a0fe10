import {
  isCodedError,
  messageOf,
  type Clock,
  type Kernel,
  type Logger,
  type SecretMasker,
} from "@molecule/core";
import { httpErrors } from "../errors/http.js";

/** What the tokens are handed out with. */
export interface InstallationTokenServices {
  readonly kernel: Pick<Kernel, "installationToken">;
  readonly masker: SecretMasker;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A token as the API gives it. */
export interface InstallationTokenAnswer {
  readonly token: string;
  /** RFC 3339, UTC. */
  readonly expires_at: string;
}

/** Hands out the tokens of the chain's token provider; each is masked in every output for as long as it is valid. */
export class InstallationTokens {
  readonly #services: InstallationTokenServices;
  readonly #masked = new Map<string, { readonly until: number; readonly release: () => void }>();

  constructor(services: InstallationTokenServices) {
    this.#services = services;
  }

  /**
   * A fresh token for a workspace, or for an administrator.
   * @throws NO_TOKEN_PROVIDER, TOKEN_REFRESH_FAILED
   */
  async issue(workspaceId: string | null): Promise<InstallationTokenAnswer> {
    const { kernel, log } = this.#services;
    // Not tied to the request: what a client that left has asked for serves the next one.
    const { signal } = new AbortController();
    const issued = await kernel.installationToken({ workspaceId, signal }).catch((error: unknown) => {
      const code = isCodedError(error) ? error.code : undefined;
      log.warn(`token refresh failed: ${messageOf(error)}`, { code, workspaceId });
      throw httpErrors.TOKEN_REFRESH_FAILED({}, { cause: error });
    });
    if (issued === null) throw httpErrors.NO_TOKEN_PROVIDER({});
    this.#mask(issued.token, issued.expiresAt.getTime());
    return { token: issued.token, expires_at: issued.expiresAt.toISOString() };
  }

  #mask(token: string, until: number): void {
    const now = this.#services.clock.now();
    for (const [old, entry] of this.#masked) {
      if (entry.until >= now) continue;
      entry.release();
      this.#masked.delete(old);
    }
    if (!this.#masked.has(token)) {
      this.#masked.set(token, { until, release: this.#services.masker.add(token) });
    }
  }
}
