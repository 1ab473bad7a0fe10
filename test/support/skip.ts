import { supportErrors } from "./errors.js";

/** Reasons by the runnable that was skipped: a test, or the hook of a suite. */
const reasons = new WeakMap<object, string>();

/**
 * Skips the running test, or from a `before` hook its suite, and keeps the reason for the reporter.
 * With `CI=true` nothing is skipped for a missing part: that would hide that it was never tested.
 *
 * @param part - what is missing, as it shall read: `a container engine`.
 * @throws PART_MISSING_IN_CI when `CI=true`; otherwise mocha's own signal that the test is skipped.
 */
export function skipFor(ctx: Mocha.Context, part: string, reason: string): never {
  if (process.env.CI === "true") throw supportErrors.PART_MISSING_IN_CI({ part, reason });
  return skip(ctx, `no ${part}: ${reason}`);
}

/** Skips as mocha's `this.skip()` does, with a reason that the reporter prints. */
export function skip(ctx: Mocha.Context, reason: string): never {
  const runnable = ctx.runnable();
  reasons.set(runnable, reason);
  if (ctx.currentTest !== undefined) reasons.set(ctx.currentTest, reason);
  // A `before` hook's skip falls on every test of its suite, of which the context knows only the first.
  if (runnable.parent !== undefined && isHook(runnable)) reasons.set(runnable.parent, reason);
  return ctx.skip();
}

/** Why a test was skipped: told at {@link skip} for it or for a suite around it. */
export function skipReason(test: Mocha.Test): string {
  const own = reasons.get(test);
  if (own !== undefined) return own;
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) {
    const reason = reasons.get(suite);
    if (reason !== undefined) return reason;
  }
  return test.fn === undefined ? "nothing to run, as its title says" : "no reason given";
}

function isHook(runnable: Mocha.Runnable): boolean {
  return "type" in runnable && runnable.type === "hook";
}
