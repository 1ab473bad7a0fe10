import { isCodedError, messageOf, type CodedError } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { Cancel, Clock } from "../../ports/clock.js";
import type { Registered } from "../registry.js";
import type { RecordingDraft } from "./draft.js";
import type { MutatorContext } from "./mutator-context.js";
import type { EnvMutator } from "./types.js";

/** What bounds one call of a mutator. */
export interface CallBounds {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Whose time it is, for the error's text. */
  readonly limit: string;
  /** Told of the mutator's work when the call is given up before that has ended. */
  readonly onLate?: ((plugin: string, work: Promise<void>) => void) | undefined;
}

/**
 * Calls one mutator within its bounds and gives its failure, or undefined. Synchronous when the mutator is. Time
 * is only taken where there is a promise to wait for: a synchronous mutator can't be interrupted anyhow.
 */
export function callMutator(
  { contribution: mutator, owner }: Registered<EnvMutator>,
  draft: RecordingDraft,
  context: MutatorContext,
  bounds: CallBounds,
): CodedError | undefined | Promise<CodedError | undefined> {
  const names = { plugin: owner.plugin, mutator: mutator.name };
  if (bounds.signal.aborted) return errors.ENV_PROVISION_ABORTED(names);
  let returned: unknown;
  try {
    returned = mutator.mutate(draft, context);
  } catch (thrown) {
    return asMutatorFailure(thrown, names);
  }
  if (!isThenable(returned)) return undefined;
  const work = whenSettled(returned);
  return new Promise((resolve) => {
    const settle = (error: CodedError | undefined) => {
      cancel();
      bounds.signal.removeEventListener("abort", giveUp);
      draft.close();
      resolve(error);
    };
    const end = (error: CodedError) => {
      bounds.onLate?.(owner.plugin, work);
      context.abort(error);
      settle(error);
    };
    const giveUp = () => {
      end(errors.ENV_PROVISION_ABORTED(names));
    };
    const cancel: Cancel = bounds.clock.timer(() => {
      const timeoutMs = Math.round(bounds.timeoutMs);
      end(errors.ENV_MUTATOR_TIMEOUT({ ...names, timeoutMs, limit: bounds.limit }));
    }, bounds.timeoutMs);
    // It may have aborted during the synchronous part of the call: then no listener is ever told.
    if (bounds.signal.aborted) giveUp();
    else bounds.signal.addEventListener("abort", giveUp, { once: true });
    // Both outcomes are handled, so that a rejection after the time is over is no unhandled one.
    work.then(
      () => {
        settle(undefined);
      },
      (thrown: unknown) => {
        settle(asMutatorFailure(thrown, names));
      },
    );
  });
}

/** Awaiting calls a foreign thenable's `then` where its throwing is a rejection as well. */
async function whenSettled(pending: PromiseLike<unknown>): Promise<void> {
  await pending;
}

function asMutatorFailure(thrown: unknown, names: { plugin: string; mutator: string }): CodedError {
  if (isCodedError(thrown)) return thrown;
  return errors.ENV_MUTATOR_FAILED({ ...names, reason: messageOf(thrown) }, { cause: thrown });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
