/** The right to tick a singleton loop, for a while. */
export interface LoopLease {
  /** Grows with each change of the holder; a write that carries an older number must be refused. */
  readonly fence: number;
  /** Aborts when the lease is lost. */
  readonly signal: AbortSignal;
  /** Gives the lease back; never throws. */
  release(): Promise<void>;
}

/** Hands out the leases of singleton loops among the hosts that share a database. */
export interface LeaseProvider {
  /**
   * The lease on `loop`, or null while another host holds it.
   * @param keepMs - how long the lease stays with this host from its release on, or from shortly before that, so that
   * the loop ticks in its interval and not once per host. A host that dies while it has the lease may hold it that
   * long as well, 30 s at least
   */
  acquire(loop: string, keepMs: number): Promise<LoopLease | null>;
}

/** For a host that shares its database with nobody: every lease is granted, with a number that grows. */
export function soleHostLeases(): LeaseProvider {
  let fence = 0;
  return {
    acquire: () => {
      fence += 1;
      return Promise.resolve({
        fence,
        signal: new AbortController().signal,
        release: () => Promise.resolve(),
      });
    },
  };
}
