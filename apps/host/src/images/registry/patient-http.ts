import { messageOf, sleep, type Clock } from "@molecule/core";
import { imageErrors } from "../../errors/images.js";
import { retryAfterMs } from "./retry-after.js";

/** Ms that one answer may take; registries that need longer are down. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Requests for one answer, the first included. */
const MAX_REQUESTS = 4;
/** Ms that a caller waits, at most, until a registry that wants to be left alone may be asked again. */
const PATIENCE_MS = 30_000;
/** Shortest wait after a 429, in ms: GHCR asks for microseconds, and for the next ones again. */
const SHORTEST_WAIT_MS = 100;
/** First wait after a failure of the registry, in ms; doubled each time. */
const FIRST_BACKOFF_MS = 250;

/** A request without its host. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the answer's body that are taken. */
  readonly maxBytes: number;
  /** `error` where the request carries what no other host may get. */
  readonly redirect: "follow" | "error";
}

/** An answer, read to its end. */
export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Null when it is longer than `maxBytes`. */
  readonly body: Buffer | null;
}

/** Time, chance and the network. */
export interface PatientHttpServices {
  readonly clock: Clock;
  /** From 0 to 1, by which waits are spread. */
  readonly random: () => number;
}

/**
 * Asks registries as they want to be asked: a host that answers 429 is left alone as long as it says, by all who ask
 * it, while others are not affected; one that fails is asked again a few times; one that does not answer is given up.
 */
export class PatientHttp {
  readonly #services: PatientHttpServices;
  /** Per host, on the monotonic clock. */
  readonly #leftAloneUntil = new Map<string, number>();

  constructor(services: PatientHttpServices) {
    this.#services = services;
  }

  /**
   * One request, repeated where that helps.
   * @throws REGISTRY_UNREACHABLE, REGISTRY_RATE_LIMITED; the reason of `signal`
   */
  async send(url: URL, request: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    for (let count = 1; ; count += 1) {
      await this.#waitForTurn(url.host, signal);
      const outcome = await this.#once(url, request, signal);
      if ("answer" in outcome && outcome.answer.status === 429) {
        this.#leaveAlone(url.host, outcome.answer, count);
        if (count === MAX_REQUESTS) throw this.#rateLimited(url.host);
        continue;
      }
      if ("answer" in outcome && outcome.answer.status < 500) return outcome.answer;
      if (count === MAX_REQUESTS || ("failure" in outcome && outcome.final)) {
        const reason = "answer" in outcome ? `it answers ${outcome.answer.status}` : outcome.failure;
        throw imageErrors.REGISTRY_UNREACHABLE({ host: url.host, reason });
      }
      await sleep(this.#services.clock, this.#backoff(count), signal);
    }
  }

  async #waitForTurn(host: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.#remaining(host);
      if (waitMs <= 0) {
        this.#leftAloneUntil.delete(host);
        return;
      }
      if (waitMs > PATIENCE_MS) throw this.#rateLimited(host);
      await sleep(this.#services.clock, waitMs, signal);
    }
  }

  #leaveAlone(host: string, answer: RegistryAnswer, count: number): void {
    const { clock } = this.#services;
    const told = retryAfterMs(
      answer.headers.get("retry-after"),
      answer.body?.toString("utf8") ?? "",
      clock.now(),
    );
    const waitMs = Math.max(SHORTEST_WAIT_MS, told ?? this.#backoff(count));
    const until = clock.monotonic() + waitMs;
    this.#leftAloneUntil.set(host, Math.max(until, this.#leftAloneUntil.get(host) ?? 0));
  }

  #remaining(host: string): number {
    return (this.#leftAloneUntil.get(host) ?? 0) - this.#services.clock.monotonic();
  }

  #rateLimited(host: string): Error {
    return imageErrors.REGISTRY_RATE_LIMITED({ host, seconds: Math.ceil(this.#remaining(host) / 1_000) });
  }

  #backoff(count: number): number {
    return FIRST_BACKOFF_MS * 2 ** (count - 1) * (0.5 + this.#services.random());
  }

  /** `final`: asking again would only take as long again. */
  async #once(
    url: URL,
    { method, headers, body, maxBytes, redirect }: RegistryRequest,
    signal: AbortSignal,
  ): Promise<{ readonly answer: RegistryAnswer } | { readonly failure: string; readonly final: boolean }> {
    signal.throwIfAborted();
    const bound = new AbortController();
    const abort = () => {
      bound.abort(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const late = new AbortController();
    const cancelTimer = this.#services.clock.timer(() => {
      late.abort();
      bound.abort();
    }, ANSWER_TIMEOUT_MS);
    try {
      const sent = body === undefined ? {} : { body };
      const response = await fetch(url, { method, headers, redirect, signal: bound.signal, ...sent });
      return {
        answer: {
          status: response.status,
          headers: response.headers,
          body: await readUpTo(response, maxBytes),
        },
      };
    } catch (error) {
      signal.throwIfAborted();
      return late.signal.aborted
        ? { failure: `no answer within ${ANSWER_TIMEOUT_MS} ms`, final: true }
        : { failure: reasonOf(error), final: false };
    } finally {
      cancelTimer();
      signal.removeEventListener("abort", abort);
    }
  }
}

async function readUpTo(response: Response, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the rest of the body.
  const body: AsyncIterable<unknown> | null = response.body;
  for await (const chunk of body ?? []) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.byteLength;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch says only "fetch failed"; what failed is its cause. */
function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return messageOf(cause) || code || messageOf(error);
}
