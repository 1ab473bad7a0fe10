/** Ms; a worker's start alone takes seconds on a busy machine. */
const DEADLINE_MS = 30_000;

/** Waits for something that real I/O brings about, e.g. a module's import; 30 s at most. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 30 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets every promise settle that can. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
