import type { PendingProvision } from "@molecule/core";

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

/**
 * The provisions' ages, from the database's clock where a provision is first seen and from then on from a clock that
 * nobody sets: when the wall clock jumps an hour, nothing is an hour older.
 */
export class ProvisionAges {
  readonly #monotonic: () => number;
  #seen = new Map<string, { readonly ageSeconds: number; readonly at: number }>();

  /** @param monotonic ms from an arbitrary origin */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Each provision's age in seconds; provisions that are no longer pending are forgotten. */
  observe(pending: readonly PendingProvision[]): ReadonlyMap<PendingProvision, number> {
    const now = this.#monotonic();
    const seen = new Map<string, { readonly ageSeconds: number; readonly at: number }>();
    const ages = new Map<PendingProvision, number>();
    for (const provision of pending) {
      const first = this.#seen.get(keyOf(provision)) ?? { ageSeconds: provision.ageSeconds, at: now };
      seen.set(keyOf(provision), first);
      ages.set(provision, first.ageSeconds + (now - first.at) / 1000);
    }
    this.#seen = seen;
    return ages;
  }
}

/** Not its attempt: one that an absent engine has held up goes on as the next, with the time that is left. */
function keyOf({ workspaceId, startedAt }: PendingProvision): string {
  return `${workspaceId} ${startedAt}`;
}
