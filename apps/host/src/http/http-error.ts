import { isCodedError, type CodedError, type SecretMasker } from "@molecule/core";
import { maskData } from "../masking/mask-data.js";
import { statusOfCode } from "./status-of-code.js";
import { isStoreDown } from "./store-down.js";

/** An error as the client gets it; api.md, preamble. */
export interface ErrorAnswer {
  readonly status: number;
  /** Those that the status asks for. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> & { readonly error: string; readonly code: string };
}

const STORE_DOWN: ErrorAnswer = {
  status: 503,
  headers: {},
  body: { error: "platform datastore unavailable — retry shortly", code: "platform_unavailable" },
};

const INTERNAL: ErrorAnswer = {
  status: 500,
  headers: {},
  body: { error: "internal error", code: "INTERNAL" },
};

/** Details that clients get beside the text: the faults one by one, when to come again, a workspace's status, … */
const SHOWN_DETAILS = ["faults", "retry_after", "status", "known_runtimes", "partial_result"] as const;

/** What to answer to whatever was thrown. An error that is not meant for clients shows nothing of itself. */
export function errorAnswer(error: unknown, masker: SecretMasker): ErrorAnswer {
  if (isStoreDown(error)) return STORE_DOWN;
  if (!isCodedError(error)) return INTERNAL;
  const status = statusOfCode(error.code);
  if (status === undefined) return INTERNAL;
  return {
    status,
    headers: headersOf(status, error),
    body: { error: masker.mask(error.message), ...shownDetails(error, masker), code: error.code },
  };
}

/** RFC 9110: §15.5.2 for 401, §15.5.22 for 426, §10.2.3 for Retry-After. */
function headersOf(status: number, error: CodedError): Record<string, string> {
  const { retry_after: retryAfter } = error.details;
  if (status === 401) return { "WWW-Authenticate": "Bearer" };
  if (status === 426) return { Upgrade: "websocket" };
  return typeof retryAfter === "number" ? { "Retry-After": String(retryAfter) } : {};
}

function shownDetails(error: CodedError, masker: SecretMasker): Record<string, unknown> {
  const names = SHOWN_DETAILS.filter((name) => name in error.details);
  return Object.fromEntries(names.map((name) => [name, maskData(masker, error.details[name])]));
}
