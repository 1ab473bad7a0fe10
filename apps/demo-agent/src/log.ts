import type { Clock } from "./clock.js";

/** Takes one line for the people who read the workspace's console; never a secret. */
export type Log = (line: string) => void;

/** A log whose lines start with the time in RFC 3339 and the program's name. */
export function timedLog(clock: Clock, write: (text: string) => void): Log {
  return (line) => write(`${new Date(clock.now()).toISOString()} demo-agent: ${line}\n`);
}
