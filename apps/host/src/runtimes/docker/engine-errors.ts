import { isCodedError, messageOf, type CodedError } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";

/** An error of dockerode as a coded one: refused by the engine where that has answered, else unreachable. */
export function toEngineError(error: unknown, action: string, address: string): CodedError {
  if (isCodedError(error)) return error;
  const status = statusOf(error);
  if (status === undefined) {
    return runtimeErrors.ENGINE_UNREACHABLE({ action, address, reason: messageOf(error) }, { cause: error });
  }
  return runtimeErrors.ENGINE_REFUSED({ action, status, reason: reasonOf(error) }, { cause: error });
}

/** The engine's answer where that is a refusal, else null: there was no answer. */
export function refusalOf(error: unknown): { readonly status: unknown; readonly reason: string } | null {
  if (!isCodedError(error) || error.code !== "ENGINE_REFUSED") return null;
  return { status: error.details.status, reason: String(error.details.reason) };
}

/** Whether the engine has answered with HTTP `status` and, where given, a reason that matches. */
export function isRefusal(error: unknown, status: number, reason?: RegExp): boolean {
  const refusal = refusalOf(error);
  return refusal?.status === status && (reason === undefined || reason.test(refusal.reason));
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** dockerode's own text is fixed per route ("no such container" for a missing image): the body tells the truth. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && "json" in error) {
    const body: unknown = error.json;
    if (typeof body === "object" && body !== null && "message" in body) return String(body.message);
  }
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /, "")
    .trim();
}
