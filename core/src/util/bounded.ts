import type { Cancel, Clock } from "../ports/clock.js";

/** How a bounded call ended. */
export type Bounded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/**
 * Runs `work` with a signal and waits for it, but no longer than `timeoutMs` of `clock`: then the signal aborts
 * with `onTimeout()` and the call is over, whatever becomes of the work. Never rejects.
 */
export function bounded<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  options: { clock: Clock; timeoutMs: number; onTimeout: () => unknown; signal?: AbortSignal | undefined },
): Promise<Bounded<T>> {
  const controller = new AbortController();
  return new Promise((resolve) => {
    const settle = (result: Bounded<T>) => {
      cancel();
      options.signal?.removeEventListener("abort", giveUp);
      resolve(result);
    };
    const end = (error: unknown) => {
      controller.abort(error);
      settle({ ok: false, error });
    };
    const giveUp = () => {
      end(options.signal?.reason);
    };
    const cancel: Cancel = options.clock.timer(() => {
      end(options.onTimeout());
    }, options.timeoutMs);
    if (options.signal?.aborted === true) {
      giveUp();
      return;
    }
    options.signal?.addEventListener("abort", giveUp, { once: true });
    // The executor turns a synchronous throw of the work into a rejection like any other.
    new Promise<T>((settleWork) => {
      settleWork(work(controller.signal));
    }).then(
      (value) => {
        settle({ ok: true, value });
      },
      (error: unknown) => {
        settle({ ok: false, error });
      },
    );
  });
}
