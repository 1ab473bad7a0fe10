import type { IncomingMessage } from "node:http";
import type { Checked } from "@molecule/core";
import getRawBody from "raw-body";
import { httpErrors } from "../errors/http.js";
import { forbiddenIn } from "./json-rules.js";

/** Bytes of a request body; api.md §1. */
const BODY_LIMIT_BYTES = 1_048_576;

/**
 * Reads a body as JSON, whatever its content type says: `curl -d` sends another one unless told.
 * @returns the value, or the fault when it is not JSON or holds what no body may hold
 * @throws BODY_TOO_LARGE, BODY_ENCODING_UNSUPPORTED, BODY_INCOMPLETE
 */
export async function readJsonBody(request: IncomingMessage): Promise<Checked<unknown>> {
  const bytes = await readBytes(request);
  try {
    // Strict: bytes that are not UTF-8 would else turn into U+FFFD without anybody noticing.
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const faults = forbiddenIn(value);
    return faults.length === 0 ? { ok: true, value } : { ok: false, faults };
  } catch (error) {
    const found = bytes.length === 0 ? "nothing" : whatIsWrong(error);
    return { ok: false, faults: [{ path: "", found, allowed: "a JSON text in UTF-8" }] };
  }
}

/** With the place where the parser stopped, if it says so; what it quotes of the text may be part of a secret. */
function whatIsWrong(error: unknown): string {
  if (!(error instanceof SyntaxError)) return "bytes that are no UTF-8";
  return `a text that is no JSON${/ at position \d+/.exec(error.message)?.[0] ?? ""}`;
}

/**
 * A body as it was sent.
 * @throws BODY_TOO_LARGE, BODY_ENCODING_UNSUPPORTED, BODY_INCOMPLETE
 */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw httpErrors.BODY_ENCODING_UNSUPPORTED({ found: encoding });
  try {
    return await getRawBody(request, {
      limit: BODY_LIMIT_BYTES,
      length: request.headers["content-length"] ?? null,
    });
  } catch (error) {
    // The rest is read and dropped: a client that is still sending would else never come to read the answer. How long
    // it may go on is bounded by the server's request timeout.
    request.resume();
    if (isTooLarge(error))
      throw httpErrors.BODY_TOO_LARGE({ limitBytes: BODY_LIMIT_BYTES }, { cause: error });
    throw httpErrors.BODY_INCOMPLETE({}, { cause: error });
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "type" in error && error.type === "entity.too.large";
}
