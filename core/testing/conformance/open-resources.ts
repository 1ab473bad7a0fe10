/** How many of each kind are open. */
type Census = ReadonlyMap<string, number>;

/**
 * How often is looked again for what was closed to be gone: sockets, workers and processes end asynchronously. Turns of
 * the event loop are counted and not the time, so that a process which stands still for a second is not charged with it.
 */
const LOOKS = 100;
const LOOK_EVERY_MS = 10;

/** Kinds that say nothing of a leak: the terminal, and what runs in the event loop's current turn. */
const IGNORED: ReadonlySet<string> = new Set(["TTYWrap", "Immediate"]);

/**
 * Counts what keeps this process alive (timers, sockets, child processes, workers) and the listeners of `process`.
 * Timers that were unref'd do not show.
 */
export async function openResources(): Promise<Census> {
  // A test runner sets its own timer only once the test has turned out to be asynchronous.
  await Promise.resolve();
  const census = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!IGNORED.has(kind)) census.set(kind, (census.get(kind) ?? 0) + 1);
  }
  for (const event of process.eventNames()) {
    census.set(`listener of process "${String(event)}"`, process.listenerCount(event));
  }
  return census;
}

/** What is open beyond `before`, once it had its time to close: `1 × Timeout`. */
export async function leftOpen(before: Census): Promise<string[]> {
  for (let look = 1; ; look += 1) {
    const now = await openResources();
    const more = [...now]
      .map(([kind, count]) => ({ kind, count: count - (before.get(kind) ?? 0) }))
      .filter(({ count }) => count > 0);
    if (more.length === 0 || look === LOOKS) {
      return more.map(({ kind, count }) => `${count} × ${kind}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
