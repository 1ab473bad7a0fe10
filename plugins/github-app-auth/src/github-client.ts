import { Readable } from "node:stream";
import { messageOf, type Clock, type CodedError, type InstallationToken, type Logger } from "@molecule/core";
import { appJwt } from "./app-jwt.js";
import type { GithubAppConfig } from "./config.js";
import { errors } from "./errors.js";
import { GithubClock } from "./github-clock.js";
import type { AppSettings } from "./settings.js";

/** GitHub's answer to a mint is 1 KB, and some more per repository. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** What can be put into a header as it is: a token that is more than that is none. */
const TOKEN = /^[\x21-\x7e]{8,4096}$/;

/** A request that brought no token. */
export interface Refusal {
  readonly error: CodedError;
  /** Whether the same request may succeed in a moment. */
  readonly passing: boolean;
  /** Ms that GitHub asks to be left alone for. */
  readonly waitMs: number;
}

/** What came of one mint. */
export type Minted =
  { readonly ok: true; readonly token: InstallationToken } | ({ readonly ok: false } & Refusal);

/** Asks GitHub for tokens of one installation. */
export class GithubClient {
  readonly #settings: AppSettings;
  readonly #body: string;
  readonly #log: Logger;
  readonly #time: GithubClock;

  constructor(
    settings: AppSettings,
    { repositories, permissions }: GithubAppConfig,
    clock: Clock,
    log: Logger,
  ) {
    this.#settings = settings;
    this.#body = JSON.stringify({ repositories, permissions });
    this.#log = log;
    this.#time = new GithubClock(clock);
  }

  /**
   * One token, by one request; by two, when the first one shows that this machine's clock is wrong.
   * @throws the reason of `signal`
   */
  async mint(signal: AbortSignal): Promise<Minted> {
    try {
      let response = await this.#request(signal);
      if (this.#time.learn(response.headers.get("date")) && response.status === 401) {
        this.#log.warn(
          "this machine's clock differs from GitHub's; the request is repeated with GitHub's time",
        );
        await response.body?.cancel();
        response = await this.#request(signal);
      }
      const text = await readText(response);
      return response.status === 201 ? this.#taken(text) : this.#refused(response, text);
    } catch (error) {
      signal.throwIfAborted();
      return this.#unavailable(causeOf(error));
    }
  }

  async #request(signal: AbortSignal): Promise<Response> {
    const { apiUrl, appId, installationId, privateKey } = this.#settings;
    return await fetch(`${apiUrl}/app/installations/${installationId}/access_tokens`, {
      method: "POST",
      // Credentials go to the address that was configured and nowhere else.
      redirect: "error",
      signal,
      headers: {
        Accept: "application/vnd.github+json",
        // One request an hour: nothing is gained by a connection that stays open.
        Connection: "close",
        Authorization: `Bearer ${await appJwt(appId, privateKey, this.#time.now())}`,
        "Content-Type": "application/json",
        "User-Agent": "molecule-github-app-auth",
        "X-GitHub-Api-Version": "2022-11-28",
      },
      body: this.#body,
    });
  }

  #taken(text: string): Minted {
    const { token, expires_at: expiresAt } = parsed(text);
    const expiresMs = typeof expiresAt === "string" ? Date.parse(expiresAt) : Number.NaN;
    if (typeof token !== "string" || !TOKEN.test(token) || Number.isNaN(expiresMs)) {
      return this.#unavailable("its answer holds no token with an expiry");
    }
    return { ok: true, token: { token, expiresAt: new Date(this.#time.toLocal(expiresMs)) } };
  }

  #refused(response: Response, text: string): Minted {
    const { status, headers } = response;
    const { message } = parsed(text);
    const said = typeof message === "string" ? message.slice(0, 300) : "";
    this.#log.warn("GitHub gave no installation token", { status, said });
    const waitMs = this.#waitMs(headers);
    const lasting = (error: CodedError): Minted => ({ ok: false, error, passing: false, waitMs });
    const { appId, installationId } = this.#settings;
    if (status === 401) return lasting(errors.GITHUB_APP_NOT_ACCEPTED({ appId }));
    if (status === 403 || status === 429) return lasting(errors.GITHUB_APP_FORBIDDEN({ installationId }));
    if (status === 404) return lasting(errors.GITHUB_INSTALLATION_UNKNOWN({ appId, installationId }));
    if (status === 422) return lasting(errors.GITHUB_TOKEN_SCOPE_REFUSED({ installationId }));
    return { ...this.#unavailable(`it answers ${status}`), passing: status >= 500, waitMs };
  }

  #unavailable(reason: string): Refusal & { ok: false } {
    const error = errors.GITHUB_UNAVAILABLE({ apiUrl: this.#settings.apiUrl, reason });
    return { ok: false, error, passing: true, waitMs: 0 };
  }

  /** GitHub docs, "Rate limits for the REST API": `retry-after` in seconds, else the second of the reset. */
  #waitMs(headers: Headers): number {
    const seconds = Number(headers.get("retry-after") ?? "0");
    if (seconds > 0) return seconds * 1000;
    if (headers.get("x-ratelimit-remaining") !== "0") return 0;
    const reset = Number(headers.get("x-ratelimit-reset") ?? "0") * 1000;
    return reset > 0 ? Math.max(0, reset - this.#time.now()) : 0;
  }
}

async function readText({ body }: Response): Promise<string> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of Readable.fromWeb(body)) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}

/** `fetch` says "fetch failed" and puts what happened into the cause. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}
