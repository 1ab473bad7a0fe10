import { isCodedError, messageOf, sleep, type Clock, type RuntimeCall } from "@molecule/core";
import { isEngineAway } from "../runtimes/engine-away.js";

/** Ms before the second try; doubled each time. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
/** Refusals are final sooner than an engine that is away: the same request is refused again. */
const REFUSED_TRIES = 3;

/** How long {@link insist} goes on. */
export interface InsistOptions {
  readonly call: RuntimeCall;
  readonly clock: Clock;
  /** Ms for all tries while the engine does not answer; null: until it does. */
  readonly timeoutMs: number | null;
}

/**
 * Does a piece of engine work that may be repeated until it succeeds. An engine that is away is waited for; one that
 * refuses is asked three times.
 * @throws the last failure; the reason of the call's signal
 */
export async function insist(
  work: (call: RuntimeCall) => Promise<void>,
  options: InsistOptions,
): Promise<void> {
  const { call, clock, timeoutMs } = options;
  const end = timeoutMs === null ? Infinity : clock.monotonic() + timeoutMs;
  let delayMs = FIRST_DELAY_MS;
  let refused = 0;
  for (;;) {
    try {
      await work(call);
      return;
    } catch (error) {
      call.signal.throwIfAborted();
      if (!isEngineAway(error) && !isUnknown(error)) refused += 1;
      if (refused === REFUSED_TRIES || clock.monotonic() + delayMs >= end || isFinal(error)) throw error;
      call.log.debug(`the engine is asked again: ${messageOf(error)}`);
    }
    await sleep(clock, delayMs, call.signal);
    delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
  }
}

/** Nobody refused anything: there was no answer that says how a container is. */
function isUnknown(error: unknown): boolean {
  return isCodedError(error) && error.code === "CONTAINER_UNKNOWN";
}

/** Not of the engine, or a request that is wrong in itself. */
function isFinal(error: unknown): boolean {
  return !isCodedError(error) || (error.code === "ENGINE_REFUSED" && error.details.status === 400);
}
