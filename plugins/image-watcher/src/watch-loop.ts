import { messageOf, type BackgroundLoop, type TickContext, type WorkspaceImages } from "@molecule/core";
import type { WatcherConfig } from "./config.js";

/** Ms for a cycle: looking takes seconds, but the pull of a large image belongs to it. */
const CYCLE_TIMEOUT_MS = 15 * 60_000;
/** Share of the interval by which hosts that were started together drift apart. */
const JITTER = 0.1;

/** The loop that looks at each runtime's image, and removes old ones afterwards. */
export function watchLoop(images: WorkspaceImages, config: WatcherConfig): BackgroundLoop {
  return {
    name: "image-watcher",
    intervalMs: config.intervalSeconds * 1_000,
    runAtStart: true,
    jitter: JITTER,
    timeoutMs: CYCLE_TIMEOUT_MS,
    singleton: true,
    tick: async (ctx) => {
      const outcomes = new Map<string, number>();
      await forEach(images.watched(), config.concurrency, async (runtime) => {
        const outcome = await checkOne(images, runtime, ctx);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      });
      ctx.signal.throwIfAborted();
      const removed = await removeOld(images, ctx);
      if (removed > 0) outcomes.set("old images removed", removed);
      return [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ") || "nothing to watch";
    },
  };
}

/** One that fails is tried again by the next cycle. It is no failure of the loop, which has others to look at. */
async function checkOne(images: WorkspaceImages, runtime: string, ctx: TickContext): Promise<string> {
  const { signal, log, dryRun } = ctx;
  try {
    const { reference, digest, outcome } = await images.check(runtime, { signal, log, dryRun });
    const fields = { runtime, reference, digest };
    if (outcome === "pulled") log.info(`a new image of ${runtime} is on its way to its workspaces`, fields);
    if (outcome === "would-pull") log.info(`there is a new image of ${runtime}`, fields);
    return outcome;
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`the image of ${runtime} was not checked: ${messageOf(error)}`, { runtime });
    return "failed";
  }
}

/** What could not be removed stays until the next cycle; that is no reason to call this one failed. */
async function removeOld(images: WorkspaceImages, ctx: TickContext): Promise<number> {
  const { signal, log, dryRun } = ctx;
  try {
    return (await images.removeOld({ signal, log, dryRun })).length;
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`old images were not removed: ${messageOf(error)}`);
    return 0;
  }
}

/** Calls `work` with each item, `concurrency` at a time. */
async function forEach<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
}
