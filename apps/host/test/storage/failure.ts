import { isCodedError } from "@molecule/core";

/** The coded error that `work` ends with. */
export async function failure(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (isCodedError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("expected a coded error, but all went well");
}
