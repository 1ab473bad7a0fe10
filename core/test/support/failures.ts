import { isCodedError, type CodedError } from "@molecule/core";

/** The coded error that `work` throws or rejects with; fails the test when it does neither. */
export async function codedFailureOf(work: () => unknown): Promise<CodedError> {
  try {
    await work();
  } catch (error) {
    if (isCodedError(error)) return error;
    throw error;
  }
  throw new Error("expected a coded error, but nothing was thrown");
}

/** Calls a method as plain JavaScript could: with arguments that its types forbid. */
export function callUntyped(target: object, method: string, ...args: readonly unknown[]): unknown {
  const found: unknown = Reflect.get(target, method);
  if (typeof found !== "function") throw new Error(`there is no method ${method}`);
  const result: unknown = Reflect.apply(found, target, args);
  return result;
}
