import { keepExchange } from "./answers.js";
import type { SecretWatch } from "./secret-watch.js";

/** `fetch`, with an eye on the answers of hosts. */
export class WatchedFetch {
  readonly #watch: SecretWatch;
  readonly #fetch: typeof fetch;
  readonly #hosts = new Set<string>();
  readonly #reading = new Set<Promise<void>>();

  constructor(watch: SecretWatch, original: typeof fetch) {
    this.#watch = watch;
    this.#fetch = original;
  }

  /** What answers there is a host; others are programs of the tests, whose answers are none of ours. */
  addHost(url: string): void {
    this.#hosts.add(new URL(url).origin);
  }

  /** In the place of the global one. */
  readonly fetch: typeof fetch = async (input, init) => {
    const answer = await this.#fetch(input, init);
    const url = input instanceof Request ? input.url : String(input);
    if (this.#hosts.has(new URL(url).origin)) this.#keep(url, init ?? {}, answer.clone());
    return answer;
  };

  /** Resolves when every answer has been read. */
  async settle(): Promise<void> {
    await Promise.all(this.#reading);
  }

  #keep(url: string, { method = "GET", headers, body }: RequestInit, answer: Response): void {
    const authorization = new Headers(headers).get("authorization") ?? "";
    const reading = answer
      .text()
      .then((text) => {
        const answered = { status: answer.status, headers: answer.headers.entries(), text };
        keepExchange(this.#watch, { method, url, authorization, sent: body, ...answered });
      })
      // Whoever asked hears of it.
      .catch(() => undefined)
      .finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }
}
