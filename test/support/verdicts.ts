/** Takes a fault that was found in a test after mocha had already called it passed. */
export type VerdictHandler = (test: Mocha.Test, error: Error) => void;

let handler: VerdictHandler | undefined;

/** The reporter takes late verdicts: only it knows the runner. */
export function onLateVerdict(take: VerdictHandler): void {
  handler = take;
}

/**
 * Fails a test that has passed. Mocha has no call for that, and a throw from a root `afterEach` would end the
 * whole run; it is what remains under another reporter.
 */
export function failLate(test: Mocha.Test, error: Error): void {
  if (handler === undefined) throw error;
  handler(test, error);
}
