import { takeHandedOut } from "./handed-out.js";
import { plantRequest } from "./plants.js";
import type { SecretWatch } from "./secret-watch.js";

/** A request to a host, and what it answered. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly authorization: string;
  /** As it was sent. */
  readonly sent: unknown;
  readonly status: number;
  readonly headers: Iterable<readonly [string, unknown]>;
  readonly text: string;
}

/** Plants the secrets of an exchange, and keeps the answer. */
export function keepExchange(watch: SecretWatch, exchange: Exchange): void {
  const { method, status, text, authorization } = exchange;
  const { pathname: path } = new URL(exchange.url);
  plantRequest(watch, { method, path, authorization, body: jsonOf(exchange.sent) });
  const answer = status < 300 ? jsonOf(text) : undefined;
  const handed = answer === undefined ? { text, secrets: [] } : takeHandedOut(method, path, answer);
  for (const secret of handed.secrets) watch.plant(secret, `what ${method} ${path} handed out`);
  const head = [...exchange.headers].map(([name, value]) => `${name}: ${String(value)}`);
  watch.keep("answer", `${status} of ${method} ${path}`, [...head, handed.text].join("\n"));
}

function jsonOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
