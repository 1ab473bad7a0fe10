import { once } from "node:events";
import { systemClock } from "@molecule/core";
import { startHost } from "../host.js";
import type { CliContext } from "./program.js";

/** Signals that ask the host to stop. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Ms after the first stop signal in which another one is the same wish told twice: on Ctrl-C the terminal signals the
 * whole process group, and npm hands its own signal on as well.
 */
const SAME_WISH_MS = 1_000;

/** `molecule start`: runs the host until a stop signal; one that comes a second or more later ends it at once. */
export async function start(context: CliContext, options: { dev: boolean }): Promise<void> {
  const stopRequested = new AbortController();
  let requestedAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = systemClock.monotonic();
    if (!stopRequested.signal.aborted) {
      requestedAt = now;
      stopRequested.abort(signal);
    } else if (now - requestedAt >= SAME_WISH_MS) {
      process.exit(1);
    }
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  try {
    const host = await startHost({
      env: context.env,
      cwd: context.cwd,
      dev: options.dev,
      output: context.output,
      terminal: "isTTY" in context.output && context.output.isTTY === true,
    });
    if (!stopRequested.signal.aborted) await once(stopRequested.signal, "abort");
    await host.stop(String(stopRequested.signal.reason));
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
  }
}
