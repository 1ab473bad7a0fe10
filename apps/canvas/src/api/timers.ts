/** Calls things later. */
export interface Timers {
  /** Calls `work` once after `ms`; the returned function takes that back. */
  after(ms: number, work: () => void): () => void;
}

/** The timers of the browser, or of Node. */
export const systemTimers: Timers = {
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};
