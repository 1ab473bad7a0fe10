import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { own } from "./lifetime.js";
import { endProcess } from "./processes.js";

/** What {@link startDaemon} starts and how it knows that it is up. */
export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** File that gets what it says. */
  readonly logFile: string;
  /** Unix user and group to run as; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** How it is asked to end. */
  readonly stopSignal: NodeJS.Signals;
  /** Ends it when it is not ready by then, in ms. */
  readonly startTimeoutMs: number;
  /** Whether it serves by now; a throw means no. */
  readonly ready: () => Promise<boolean>;
}

/** A program that serves in the background and that never outlives the tests. */
export interface Daemon {
  readonly pid: number;
  /** Ends it and waits for that; twice is fine. */
  stop(): Promise<void>;
}

/** Starts a program and waits until it serves; answers why not, in words, when it does not. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon | string> {
  const log = await open(options.logFile, "a");
  const child = spawn(options.command, options.args, {
    // A session of its own: Ctrl-C ends the tests first, and they (or the watchdog) end this.
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    env: options.env,
    ...options.user,
  });
  child.unref();
  const seen: { failure?: string } = {};
  child.on("error", (error) => (seen.failure = error.message));
  child.on("exit", (code, by) => (seen.failure = `it ended with ${by ?? `exit code ${code ?? -1}`}`));
  await log.close();
  const { pid } = child;
  if (pid === undefined) {
    await pause(0);
    return seen.failure ?? "it could not be spawned";
  }
  const ownership = own({ kind: "process", pid, signal: options.stopSignal });
  const stop = async (): Promise<void> => {
    if (seen.failure === undefined) await endProcess(pid, options.stopSignal, 10_000);
    ownership.release();
  };

  const deadline = performance.now() + options.startTimeoutMs;
  while (seen.failure === undefined && performance.now() < deadline) {
    if (await options.ready().catch(() => false)) return { pid, stop };
    await pause(25);
  }
  const failure = seen.failure ?? `it did not serve within ${options.startTimeoutMs} ms`;
  await stop();
  return failure;
}

/** The end of a daemon's log, for an error. */
export async function logTail(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(() => "")).slice(-4000);
}
