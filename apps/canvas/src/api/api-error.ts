/**
 * Why a call gave no answer that can be used: `refused` by the platform (any status but 2xx), no connection
 * (`unreachable`), no answer in time (`timeout`), or an answer of another shape than expected (`malformed`).
 */
export type ApiErrorKind = "refused" | "unreachable" | "timeout" | "malformed";

/** A call that failed. Its message is the platform's own text where there is one. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: ApiErrorKind;
  /** HTTP status; null without an answer. */
  readonly status: number | null;
  /** The platform's error code, e.g. `UNKNOWN_RUNTIME`; null where it gave none. */
  readonly code: string | null;
  /** The answer's parsed body. */
  readonly body: unknown;

  constructor(
    message: string,
    facts: {
      readonly kind: ApiErrorKind;
      readonly status?: number;
      readonly code?: string | null;
      readonly body?: unknown;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: facts.cause });
    this.kind = facts.kind;
    this.status = facts.status ?? null;
    this.code = facts.code ?? null;
    this.body = facts.body ?? null;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
