import { isCodedError, type CodedError, type SecretMasker } from "@molecule/core";
import { statusOfCode } from "./status-of-code.js";
import { isStoreDown } from "./store-down.js";

/** An error as the client gets it; api.md, preamble. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> & { readonly error: string; readonly code: string };
}

const STORE_DOWN: ErrorAnswer = {
  status: 503,
  body: { error: "platform datastore unavailable — retry shortly", code: "platform_unavailable" },
};

const INTERNAL: ErrorAnswer = { status: 500, body: { error: "internal error", code: "INTERNAL" } };

/** Details that clients get beside the text: the faults one by one, and when to come again. */
const SHOWN_DETAILS = ["faults", "retry_after"] as const;

/** What to answer to whatever was thrown. An error that is not meant for clients shows nothing of itself. */
export function errorAnswer(error: unknown, masker: SecretMasker): ErrorAnswer {
  if (isStoreDown(error)) return STORE_DOWN;
  if (!isCodedError(error)) return INTERNAL;
  const status = statusOfCode(error.code);
  if (status === undefined) return INTERNAL;
  return { status, body: { error: masker.mask(error.message), ...shownDetails(error), code: error.code } };
}

function shownDetails(error: CodedError): Record<string, unknown> {
  const names = SHOWN_DETAILS.filter((name) => name in error.details);
  return Object.fromEntries(names.map((name) => [name, error.details[name]]));
}
