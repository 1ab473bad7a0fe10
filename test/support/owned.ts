import { rm } from "node:fs/promises";
import { removeEngine } from "./engine-remains.js";
import { endProcess } from "./processes.js";

/**
 * Something outside this process that must not outlive it, as plain data: it crosses to the watchdog.
 * - process: a process, or with `group` a process group, ended by `signal` and then SIGKILL
 * - directory: a folder with all that is in it
 * - engine: a private dockerd with its processes, mounts, bridges and folder
 */
export type Owned =
  | {
      readonly kind: "process";
      readonly pid: number;
      readonly signal: NodeJS.Signals;
      readonly group?: boolean;
    }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "engine"; readonly directory: string };

/** Whether a parsed line of the watchdog's input is an {@link Owned}. */
export function isOwned(value: unknown): value is Owned {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "process") return "pid" in value && typeof value.pid === "number" && "signal" in value;
  if (value.kind === "directory") return "path" in value && typeof value.path === "string";
  return value.kind === "engine" && "directory" in value && typeof value.directory === "string";
}

/** Ends or removes it; doing so twice is fine. */
export async function endOwned(owned: Owned): Promise<void> {
  switch (owned.kind) {
    case "process":
      await endProcess(owned.group === true ? -owned.pid : owned.pid, owned.signal, 5_000);
      return;
    case "directory":
      // A process that has just been killed may still be writing there.
      await rm(owned.path, { recursive: true, force: true, maxRetries: 10 });
      return;
    case "engine":
      await removeEngine(owned.directory);
  }
}
