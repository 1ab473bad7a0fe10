import { clockJump, type ClockReading, type PendingProvision, type ProvisionDeadlines } from "@molecule/core";

/** Seconds for a runtime that declares nothing. */
const DEFAULT_SECONDS = 600;

/** What decides how long a provision may take. */
export interface DeadlineSettings {
  readonly overrideSeconds: number | null;
  declaredSeconds(runtime: string): number | null;
}

/** Seconds that a provision of the runtime may take. */
export function deadlineSeconds(settings: DeadlineSettings, runtime: string): number {
  return settings.overrideSeconds ?? settings.declaredSeconds(runtime) ?? DEFAULT_SECONDS;
}

/** What a pass sees of all provisions; {@link ProvisionDeadlines.pending}. */
export type Pending = Awaited<ReturnType<ProvisionDeadlines["pending"]>>;

/**
 * The provisions' ages, from the database's clock where a provision is first seen and from then on from a clock that
 * nobody sets: when the wall clock jumps an hour, nothing is an hour older, and nothing younger.
 */
export class ProvisionAges {
  readonly #monotonic: () => number;
  #seen = new Map<string, { readonly ageSeconds: number; readonly at: number }>();
  /** Of the database's clock, in the last pass. */
  #last: ClockReading | undefined;

  /** @param monotonic ms from an arbitrary origin */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Each provision's age in seconds; provisions that are no longer pending are forgotten. */
  observe({ now: wall, provisions }: Pending): ReadonlyMap<PendingProvision, number> {
    const now = this.#monotonic();
    const reading = { wall, monotonic: now };
    const seen = new Map<string, { readonly ageSeconds: number; readonly at: number }>();
    const ages = new Map<PendingProvision, number>();
    for (const provision of provisions) {
      const first = this.#seen.get(keyOf(provision)) ?? {
        ageSeconds: firstAge(provision.ageSeconds, this.#last, reading),
        at: now,
      };
      seen.set(keyOf(provision), first);
      ages.set(provision, first.ageSeconds + (now - first.at) / 1000);
    }
    this.#seen = seen;
    this.#last = reading;
    return ages;
  }
}

/**
 * The age in seconds of a provision that is seen for the first time. The database's clock is believed, unless it was
 * set since the last pass: then the provision began before that and is as much older or younger than that clock says,
 * or after it. What no pass has seen has most likely begun since the last one, and mostly just one of the two is
 * possible then; where both are, the lesser is taken, as a provision that is failed early is worse than one that is
 * failed late.
 */
function firstAge(ageSeconds: number, last: ClockReading | undefined, now: ClockReading): number {
  if (last === undefined) return ageSeconds;
  const jumpMs = clockJump(last, now);
  if (jumpMs === 0) return ageSeconds;
  const elapsedMs = now.monotonic - last.monotonic;
  const before = ageSeconds - jumpMs / 1000;
  const possible = [before, ageSeconds].filter((age) => age >= 0 && age * 1000 <= elapsedMs);
  return possible.length === 0 ? Math.max(0, before) : Math.min(...possible);
}

/** Not its attempt: one that an absent engine has held up goes on as the next, with the time that is left. */
function keyOf({ workspaceId, startedAt }: PendingProvision): string {
  return `${workspaceId} ${startedAt}`;
}
