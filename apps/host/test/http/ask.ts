import { request, type IncomingHttpHeaders } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { recordExchange } from "@molecule/test/support/secret-watch.js";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed when it is JSON, else undefined. */
  readonly body: unknown;
}

/** One request. */
export interface Question {
  readonly method?: string;
  /** Sent as they are: unlike `fetch`, also Host and Origin. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A text or bytes go as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** Asks on a connection of its own, which is closed afterwards. */
export async function ask(
  url: string,
  { method = "GET", headers = {}, body }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (response) => {
      textOf(response).then((text) => {
        const { statusCode: status = 0, headers: answered } = response;
        const authorization = headers.Authorization ?? headers.authorization ?? "";
        recordExchange({
          method,
          url,
          authorization,
          sent: body,
          status,
          headers: Object.entries(answered),
          text,
        });
        const isJson = response.headers["content-type"] === "application/json; charset=utf-8";
        const parsed: unknown = isJson && text !== "" ? JSON.parse(text) : undefined;
        resolve({ status, headers: answered, text, body: parsed });
      }, reject);
    });
    outgoing.on("error", reject);
    outgoing.end(
      body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    );
  });
}

/** The headers that show a token. */
export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
