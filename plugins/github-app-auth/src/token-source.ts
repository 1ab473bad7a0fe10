import { sleep, type Clock, type CodedError, type InstallationToken } from "@molecule/core";
import { errors } from "./errors.js";
import type { GithubClient, Minted, Refusal } from "./github-client.js";

/** Ms before its expiry at which a token is renewed: a workspace shall not start with one that is about to end. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** Seconds for one mint, everything included. */
const MINT_TIMEOUT_S = 15;
/** Ms between the tries of one mint, while GitHub's trouble looks passing. */
const RETRY_AFTER_MS = [500, 2_000] as const;
/** Ms for which nobody asks again after a mint that failed: doubled with each one in a row, up to the long one. */
const FIRST_PAUSE_MS = 1_000;
/** The same, after a refusal that only a person can do something about. */
const LONG_PAUSE_MS = 30_000;
/** Ms that GitHub may ask for at most. */
const MAX_WAIT_MS = 10 * 60_000;

interface Held {
  readonly token: InstallationToken;
  /** The same end by the monotonic clock, which nobody sets back. */
  readonly endsAt: number;
}

/**
 * Hands out the token of one installation and scope: kept, renewed in time, fetched once for all who wait, and not
 * asked for again at once after GitHub refused it.
 */
export class TokenSource {
  readonly #client: Pick<GithubClient, "mint">;
  readonly #apiUrl: string;
  readonly #clock: Clock;
  readonly #stopped: AbortSignal;
  #held: Held | undefined;
  #minting: Promise<InstallationToken> | undefined;
  #pause: { readonly until: number; readonly error: CodedError } | undefined;
  #failures = 0;

  /** @param stopped aborts when the plugin is disabled */
  constructor(client: Pick<GithubClient, "mint">, apiUrl: string, clock: Clock, stopped: AbortSignal) {
    this.#client = client;
    this.#apiUrl = apiUrl;
    this.#clock = clock;
    this.#stopped = stopped;
  }

  /**
   * A token that is valid for 5 minutes at least, or, while GitHub gives no newer one, as long as the last one is.
   * @throws what GitHub's refusal is told as; the reason of `signal`
   */
  async token(signal: AbortSignal): Promise<InstallationToken> {
    signal.throwIfAborted();
    const held = this.#held;
    if (held !== undefined && this.#leftMs(held) > RENEW_BEFORE_MS) return held.token;
    try {
      return await orAborted(this.#renew(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (held !== undefined && this.#leftMs(held) > 0) return held.token;
      throw error;
    }
  }

  #leftMs({ token, endsAt }: Held): number {
    return Math.min(token.expiresAt.getTime() - this.#clock.now(), endsAt - this.#clock.monotonic());
  }

  #renew(): Promise<InstallationToken> {
    if (this.#minting !== undefined) return this.#minting;
    if (this.#pause !== undefined && this.#clock.monotonic() < this.#pause.until) {
      return Promise.reject(this.#pause.error);
    }
    this.#minting = this.#mint().finally(() => {
      this.#minting = undefined;
    });
    return this.#minting;
  }

  async #mint(): Promise<InstallationToken> {
    const bound = new AbortController();
    let ended: CodedError | undefined;
    const end = (error: CodedError) => {
      ended ??= error;
      bound.abort(error);
    };
    const stop = () => {
      end(errors.GITHUB_PLUGIN_STOPPED({}));
    };
    const cancel = this.#clock.timer(() => {
      end(errors.GITHUB_NOT_ANSWERING({ apiUrl: this.#apiUrl, seconds: MINT_TIMEOUT_S }));
    }, MINT_TIMEOUT_S * 1000);
    this.#stopped.addEventListener("abort", stop, { once: true });
    if (this.#stopped.aborted) stop();
    let minted: Minted;
    try {
      minted = await this.#tryFor(bound.signal);
    } catch (error) {
      if (ended === undefined) throw error;
      minted = { ok: false, error: ended, passing: true, waitMs: 0 };
    } finally {
      cancel();
      this.#stopped.removeEventListener("abort", stop);
    }
    if (minted.ok) return this.#keep(minted.token);
    this.#rest(minted);
    throw minted.error;
  }

  /** Asks again while GitHub's trouble looks passing. */
  async #tryFor(signal: AbortSignal): Promise<Minted> {
    for (const pauseMs of RETRY_AFTER_MS) {
      const minted = await this.#client.mint(signal);
      if (minted.ok || !minted.passing || minted.waitMs > 0) return minted;
      await sleep(this.#clock, pauseMs, signal);
    }
    return await this.#client.mint(signal);
  }

  #keep(token: InstallationToken): InstallationToken {
    const leftMs = token.expiresAt.getTime() - this.#clock.now();
    this.#held = { token, endsAt: this.#clock.monotonic() + leftMs };
    this.#pause = undefined;
    this.#failures = 0;
    return token;
  }

  #rest({ error, passing, waitMs }: Refusal): void {
    const ownMs = passing ? FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10) : LONG_PAUSE_MS;
    const pauseMs = Math.min(MAX_WAIT_MS, Math.max(waitMs, Math.min(ownMs, LONG_PAUSE_MS)));
    this.#failures += 1;
    this.#pause = { until: this.#clock.monotonic() + pauseMs, error };
  }
}

/** Waits for shared work no longer than one caller wants to; the work goes on. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    };
    signal.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", abort);
    });
  });
}
