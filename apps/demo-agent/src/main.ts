#!/usr/bin/env node
import { runAgent, type Ending } from "./agent.js";
import { systemClock } from "./clock.js";
import { readConfig } from "./config.js";
import { timedLog } from "./log.js";

/** A removed workspace has nothing left to be restarted for; bad input is 2, as with other programs. */
const EXIT_CODES: Readonly<Record<Ending, number>> = { stopped: 0, removed: 0, refused: 1, unserved: 1 };
const EXIT_BAD_ENVIRONMENT = 2;

// Before anything else: PID 1 of a container has no default action for a signal.
const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stop.abort());

const result = readConfig(process.env);
if (result.ok) {
  const ending = await runAgent({
    config: result.config,
    envNames: Object.keys(process.env).sort(),
    clock: systemClock,
    log: timedLog(systemClock, (text) => void process.stdout.write(text)),
    signal: stop.signal,
  });
  // Connections that fetch keeps for a next request would hold the process for seconds.
  process.exit(EXIT_CODES[ending]);
}
for (const fault of result.faults) process.stderr.write(`demo-agent: ${fault}\n`);
process.exitCode = EXIT_BAD_ENVIRONMENT;
