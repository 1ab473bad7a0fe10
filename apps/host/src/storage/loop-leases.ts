import {
  messageOf,
  type Cancel,
  type Clock,
  type LeaseProvider,
  type Logger,
  type LoopLease,
} from "@molecule/core";
import { sql, type Kysely } from "kysely";
import type { DatabaseSchema } from "./schema.js";

/** Ms for which a lease is held at a time while its tick runs, unless it is held for as long as it is kept. */
const HOLD_MS = 30_000;
/** Ms up to which a lease is held for as long as it is kept: a tick that is short writes it once then. */
const MAX_HOLD_MS = 600_000;
/** Share of the time that a lease is kept which may have gone by at its release without its end being set anew. */
const UNTOLD_SHARE = 0.1;
/** Ms between renewals; a few may fail before the lease runs out. */
const RENEW_MS = 10_000;

/** What the leases work with. */
export interface LeaseServices {
  readonly db: Kysely<DatabaseSchema>;
  /** Tells this host from the others. */
  readonly hostId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Leases of singleton loops, and of turns on a workspace, among the hosts that share a database. Times are the database's, so that hosts whose
 * clocks differ agree; the number fences a host that froze and wakes up after its lease went to another.
 */
export class DatabaseLeases implements LeaseProvider {
  readonly #services: LeaseServices;

  constructor(services: LeaseServices) {
    this.#services = services;
  }

  async acquire(loop: string, keepMs: number): Promise<LoopLease | null> {
    const { db, hostId, clock } = this.#services;
    const started = clock.monotonic();
    // An end that nobody can have set is of before the clock was set back: it would keep everybody waiting.
    const longestMs = HOLD_MS + Math.max(HOLD_MS, keepMs);
    const taken = await sql<{ fence: string }>`
      insert into loop_leases as held (loop, holder, fence, expires_at)
      values (${loop}, ${hostId}, 1, now() + ${holdMsOf(keepMs)} * interval '1 millisecond')
      on conflict (loop) do update set
        holder = excluded.holder,
        expires_at = excluded.expires_at,
        fence = held.fence + case when held.holder = excluded.holder and held.expires_at > now() then 0 else 1 end
      where held.holder = excluded.holder or held.expires_at <= now()
        or held.expires_at > now() + ${longestMs} * interval '1 millisecond'
      returning fence`.execute(db);
    const [row] = taken.rows;
    return row === undefined
      ? null
      : new HeldLease(loop, Number(row.fence), { keepMs, started }, this.#services);
  }

  /** Gives up every lease of this host, so that others need not wait for them to run out. */
  async releaseAll(): Promise<void> {
    const { db, hostId } = this.#services;
    await sql`update loop_leases set expires_at = now() where holder = ${hostId} and expires_at > now()`.execute(
      db,
    );
  }
}

class HeldLease implements LoopLease {
  readonly fence: number;
  readonly #loop: string;
  readonly #keepMs: number;
  readonly #holdMs: number;
  readonly #services: LeaseServices;
  readonly #controller = new AbortController();
  #released = false;
  /** By the monotonic clock: from when on the lease was last taken or renewed, at the earliest. */
  #heldSince = 0;
  #cancelRenewal: Cancel = () => undefined;
  #cancelExpiry: Cancel = () => undefined;

  /** @param taken.started - by the monotonic clock, before the database was asked */
  constructor(
    loop: string,
    fence: number,
    taken: { readonly keepMs: number; readonly started: number },
    services: LeaseServices,
  ) {
    this.#loop = loop;
    this.fence = fence;
    this.#keepMs = taken.keepMs;
    this.#holdMs = holdMsOf(taken.keepMs);
    this.#services = services;
    this.#held(taken.started);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async release(): Promise<void> {
    this.#stopTimers();
    if (this.#controller.signal.aborted) return;
    const goneMs = this.#services.clock.monotonic() - this.#heldSince;
    if (this.#keepMs === this.#holdMs && goneMs <= this.#keepMs * UNTOLD_SHARE) return;
    try {
      await (this.#keepMs === 0 ? this.#delete() : this.#extend(this.#keepMs));
    } catch (error) {
      const reason = messageOf(error);
      this.#services.log.warn(
        `lease on ${this.#loop}: it could not be given back and runs out by itself: ${reason}`,
      );
    }
  }

  /**
   * Notes that the lease is this host's once more.
   * @param since - by the monotonic clock; the database began to count some time after it
   */
  #held(since: number): void {
    if (this.#released) return;
    const { clock } = this.#services;
    this.#heldSince = since;
    this.#cancelExpiry();
    // Its own timer: a database that does not answer must not keep a lease alive that has run out there.
    this.#cancelExpiry = clock.timer(
      () => {
        this.#lose("the lease ran out before it could be renewed");
      },
      this.#holdMs - (clock.monotonic() - since),
    );
    this.#cancelRenewal = clock.timer(() => void this.#renew(), RENEW_MS);
  }

  async #renew(): Promise<void> {
    const { clock, log } = this.#services;
    const started = clock.monotonic();
    try {
      const ours = await this.#extend(this.#holdMs);
      if (ours) this.#held(started);
      else this.#lose("another host took the lease");
    } catch (error) {
      log.warn(`lease on ${this.#loop}: the renewal failed: ${messageOf(error)}`);
      if (!this.#released) this.#cancelRenewal = clock.timer(() => void this.#renew(), RENEW_MS);
    }
  }

  #lose(reason: string): void {
    this.#stopTimers();
    this.#controller.abort(new Error(reason));
  }

  #stopTimers(): void {
    this.#released = true;
    this.#cancelRenewal();
    this.#cancelExpiry();
  }

  /** What is not kept leaves no row: leases on workspaces are as many as there ever were workspaces. */
  async #delete(): Promise<void> {
    const { db, hostId } = this.#services;
    await sql`delete from loop_leases where loop = ${this.#loop} and holder = ${hostId} and fence = ${this.fence}`.execute(
      db,
    );
  }

  /** Moves the end of the lease; false when it is no longer this host's. */
  async #extend(ms: number): Promise<boolean> {
    const { db, hostId } = this.#services;
    const result = await sql`
      update loop_leases set expires_at = now() + ${ms} * interval '1 millisecond'
      where loop = ${this.#loop} and holder = ${hostId} and fence = ${this.fence}`.execute(db);
    return (result.numAffectedRows ?? 0n) > 0n;
  }
}

/** One and the same from the first to the last: a renewal whose answer is lost has not shortened the lease then. */
function holdMsOf(keepMs: number): number {
  return keepMs >= HOLD_MS && keepMs <= MAX_HOLD_MS ? keepMs : HOLD_MS;
}
