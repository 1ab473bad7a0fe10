import { readFile, readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

/** One process as `/proc` shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Its arguments, joined by blanks; empty for a zombie or a kernel thread. */
  readonly command: string;
}

/** Every process of the machine; empty where there is no `/proc`. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  const names = await readdir("/proc").catch(() => []);
  const entries = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))),
  );
  return entries.filter((entry) => entry !== undefined);
}

async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    // The name in parentheses may hold anything; the fields after the last parenthesis are "state ppid …".
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { pid, parent, command: command.replaceAll("\0", " ").trim() };
  } catch {
    return undefined;
  }
}

/** Sends a signal; a process (or, for a negative id, a group) that is gone already is fine. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Waits until a process is gone; answers whether it is. A zombie of ours counts until node has reaped it. */
export async function waitGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (signal(pid, 0)) {
    if (performance.now() >= deadline) return false;
    await pause(20);
  }
  return true;
}

/** Ends a process: `name` first, SIGKILL when it is still there after `graceMs`. */
export async function endProcess(pid: number, name: NodeJS.Signals, graceMs: number): Promise<void> {
  signal(pid, name);
  if (await waitGone(pid, graceMs)) return;
  signal(pid, "SIGKILL");
  await waitGone(pid, 5_000);
}

/**
 * A process's identity that its number alone is not: `<pid>:<start time in clock ticks>`, since numbers are
 * given again. `undefined` when there is no such process.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // Field 22 of proc(5), counted from the third, which follows the name's closing parenthesis.
  const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return startTime === undefined ? undefined : `${pid}:${startTime}`;
}
