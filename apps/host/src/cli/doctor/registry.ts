import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { messageOf } from "@molecule/core";

/** Ms that a registry has to answer. */
const TIMEOUT_MS = 3_000;

/**
 * The API of an image's registry. The first part of a reference is a host when it has a dot or a port or is
 * `localhost`, else the image is Docker Hub's (Docker docs, "image reference"); a registry on this machine is taken to
 * speak plain HTTP, as the engine does.
 */
export function registryUrl(image: string): URL {
  const host = namedRegistry(image) ?? "docker.io";
  if (host === "docker.io") return new URL("https://registry-1.docker.io/v2/");
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  return new URL(`${isLocal ? "http" : "https"}://${host}/v2/`);
}

/** The registry's host that a reference names; null where it leaves it to the engine. */
export function namedRegistry(image: string): string | null {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  return /[.:]/.test(first) || first === "localhost" ? first : null;
}

/** Asks registries whether they answer, each once. */
export class RegistryProbes {
  readonly #answers = new Map<string, Promise<string | null>>();

  /** @returns null when it answers, also with "who are you?"; else why not */
  obstacle(url: URL): Promise<string | null> {
    const known = this.#answers.get(url.href);
    if (known !== undefined) return known;
    const answer = ask(url);
    this.#answers.set(url.href, answer);
    return answer;
  }
}

async function ask(url: URL): Promise<string | null> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { request } = url.protocol === "http:" ? http : https;
  try {
    // Without an agent no connection is kept, which would keep this process.
    const asking = request(url, { method: "HEAD", agent: false, signal });
    // One that comes after the answer concerns nobody, and would end the process.
    asking.on("error", () => undefined);
    asking.end();
    const answer: unknown[] = await once(asking, "response");
    const [response] = answer;
    const status = response instanceof http.IncomingMessage ? (response.statusCode ?? 0) : 0;
    asking.destroy();
    return status >= 500 ? `it answers ${status}` : null;
  } catch (error) {
    if (signal.aborted) return `no answer within ${TIMEOUT_MS} ms`;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return messageOf(error) || code;
  }
}
