/** The reason of an abort as an error. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

/**
 * What `work` settles to, but no longer than until `signal` aborts: not every client call ends by itself when it
 * is aborted, and none does when the connection is cut in the middle of an answer.
 * @throws the reason of `signal` once it has aborted, also in place of an error that the abort has caused
 */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(abortError(signal));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    work
      .then(resolve, (error: unknown) => {
        reject(
          signal.aborted ? abortError(signal) : error instanceof Error ? error : new Error(String(error)),
        );
      })
      .finally(() => {
        signal.removeEventListener("abort", abort);
      });
  });
}

/**
 * Waits for all of `work`, so that nothing goes on in the background.
 * @throws the first failure in the order of `work`
 */
export async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === "rejected") throw result.reason;
  }
}
