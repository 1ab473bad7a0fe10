import { once } from "node:events";
import { startHost } from "../host.js";
import type { CliContext } from "./program.js";

/** Signals that ask the host to stop. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** `molecule start`: runs the host until a stop signal; a second one ends it at once. */
export async function start(context: CliContext, options: { dev: boolean }): Promise<void> {
  const stopRequested = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopRequested.signal.aborted) process.exit(1);
    stopRequested.abort(signal);
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
