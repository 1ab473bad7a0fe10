import type { Clock } from "./clock.js";
import { retryAfterMs } from "./retry-after.js";

/** What became of one request. */
export type Answer =
  /** Accepted; a token comes with it where the workspace had none. */
  | { readonly kind: "accepted"; readonly authToken: string | null }
  /** 404: the workspace was removed. */
  | { readonly kind: "removed"; readonly text: string }
  /** The platform will not have it as it is; 401 may end with another token. */
  | { readonly kind: "refused"; readonly status: number; readonly text: string }
  /** No answer, or one that asks to come again: a network error, 408, 429, 5xx. */
  | { readonly kind: "unavailable"; readonly text: string; readonly retryAfterMs: number | null };

/** What {@link PlatformClient} works with. */
export interface PlatformClientOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly clock: Clock;
}

/** One request to the platform at a time, each bounded and told as a value; trying again is the caller's. */
export class PlatformClient {
  readonly #options: PlatformClientOptions;

  constructor(options: PlatformClientOptions) {
    this.#options = options;
  }

  /**
   * Posts `body` as JSON. Never throws; an abort of `signal` reads as `unavailable`.
   *
   * @param path - starts with a slash
   * @param token - the bearer token; null sends none
   */
  async post(path: string, body: unknown, token: string | null, signal: AbortSignal): Promise<Answer> {
    const { baseUrl, clock } = this.#options;
    const abort = new AbortController();
    const end = () => abort.abort();
    const cancel = clock.timer(() => abort.abort(TIMED_OUT), TIMEOUT_MS);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    try {
      const response = await fetch(`${baseUrl}${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
        // The token must not follow to wherever a redirect points.
        redirect: "manual",
        signal: abort.signal,
      });
      return answerOf(response, await readJson(response), token, clock);
    } catch (error) {
      const text =
        abort.signal.reason === TIMED_OUT
          ? `no answer within ${TIMEOUT_MS / 1000} s`
          : `no connection (${reasonOf(error)})`;
      return { kind: "unavailable", text, retryAfterMs: null };
    } finally {
      cancel();
      signal.removeEventListener("abort", end);
    }
  }
}

const TIMEOUT_MS = 10_000;
/** The reason of an abort, to tell it from the one at stop. */
const TIMED_OUT = Symbol("timed out");
/** Every answer of the contract is far smaller; what lies beyond is not read. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_TEXT_CHARS = 200;

type Json = Readonly<Record<string, unknown>>;

function answerOf(response: Response, json: Json | null, token: string | null, clock: Clock): Answer {
  const { status } = response;
  const text = `${status}${remarkOf(json, token)}`;
  if (response.ok) {
    if (json === null)
      return { kind: "refused", status, text: `${status} without a JSON object: no platform answers there` };
    return {
      kind: "accepted",
      authToken: typeof json.auth_token === "string" ? json.auth_token : null,
    };
  }
  if (status === 404) return { kind: "removed", text };
  if (status === 408 || status === 429 || status >= 500) {
    return {
      kind: "unavailable",
      text,
      retryAfterMs: retryAfterMs(response.headers.get("retry-after"), clock.now()),
    };
  }
  return { kind: "refused", status, text };
}

/** The platform's own words, quoted so that they stay on one line, and never the token. */
function remarkOf(json: Json | null, token: string | null): string {
  const error = json?.error;
  if (typeof error !== "string" || error === "") return "";
  const masked = token === null ? error : error.replaceAll(token, "***");
  return ` ${JSON.stringify(masked.slice(0, MAX_TEXT_CHARS))}`;
}

/** The body where it is a JSON object; null for anything else. Reading it frees the connection for the next request. */
async function readJson(response: Response): Promise<Json | null> {
  if (response.body === null) return null;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const part of chunksOf(response.body)) {
    bytes += part.byteLength;
    // Leaving the loop cancels what is still to come.
    if (bytes > MAX_BODY_BYTES) return null;
    text += decoder.decode(part, { stream: true });
  }
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Node declares the parts of a body as `any`; the Fetch standard has them as bytes. */
async function* chunksOf(body: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const part of body) if (part instanceof Uint8Array) yield part;
}

function isJsonObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** fetch says only "fetch failed" and keeps what happened in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
