import { isCodedError } from "@molecule/core";

/** Whether work failed since the engine gave no answer. It has refused nothing: the same may succeed when it is back. */
export function isEngineAway(error: unknown): boolean {
  return (
    isCodedError(error) && (error.code === "ENGINE_UNREACHABLE" || error.code === "ENGINE_NOT_ANSWERING")
  );
}
