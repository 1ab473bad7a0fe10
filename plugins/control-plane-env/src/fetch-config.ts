import { messageOf } from "@molecule/core";
import type { Endpoint } from "./endpoint.js";
import { errors } from "./errors.js";

/** Bytes of an answer that are read at most. */
const MAX_BYTES = 65_536;

const HINTS: Readonly<Record<number, string>> = {
  401: "it does not take ADMIN_TOKEN for this MOLECULE_ORG_ID",
  403: "it does not take ADMIN_TOKEN for this MOLECULE_ORG_ID",
  404: "it does not know MOLECULE_ORG_ID, or MOLECULE_CP_URL is not its address",
};

/**
 * Asks the control plane once; redirects are not followed, since the token is meant for this address alone.
 * @returns the parsed JSON object
 * @throws CONTROL_PLANE_UNREACHABLE, CONTROL_PLANE_REFUSED, CONTROL_PLANE_ANSWER_INVALID
 */
export async function fetchConfig(endpoint: Endpoint, signal: AbortSignal): Promise<object> {
  const { url, headers } = endpoint;
  const ended = new AbortController();
  try {
    const response = await ask(url, headers, AbortSignal.any([signal, ended.signal]));
    const { status } = response;
    if (status !== 200) {
      const redirect = status >= 300 && status < 400;
      const hint = redirect ? "redirects are not followed" : (HINTS[status] ?? "200 was expected");
      throw errors.CONTROL_PLANE_REFUSED({ url, status, hint });
    }
    return parse(url, await read(url, response));
  } finally {
    // Ends what is still to come of a refused or too long answer.
    ended.abort();
  }
}

async function ask(url: string, headers: Endpoint["headers"], signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: "manual", signal });
  } catch (error) {
    throw unreachable(url, error);
  }
}

async function read(url: string, { body }: Response): Promise<string> {
  const parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = body ?? [];
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of parts) {
      size += chunk.length;
      if (size > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(url, error);
  }
  if (size > MAX_BYTES) {
    throw errors.CONTROL_PLANE_ANSWER_INVALID({ url, reason: `it is larger than ${MAX_BYTES} bytes` });
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(url: string, text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may hold secrets.
    throw errors.CONTROL_PLANE_ANSWER_INVALID({ url, reason: "it is not JSON" });
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw errors.CONTROL_PLANE_ANSWER_INVALID({ url, reason: "it is no JSON object of names and values" });
}

/** fetch says only "fetch failed"; what failed is its cause. */
function unreachable(url: string, error: unknown): Error {
  const reason = messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
  return errors.CONTROL_PLANE_UNREACHABLE({ url, reason }, { cause: error });
}
