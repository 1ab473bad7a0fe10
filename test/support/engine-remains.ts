import { readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { run, tryRun } from "./commands.js";
import { listProcesses, processIdentity, signal, type ProcessEntry } from "./processes.js";

/** A private engine's folder is `<tmp>/mte-<n>`: its number is that of its bridge, namespace and subnet. */
const FOLDER_PATTERN = /^mte-(\d+)$/;

/** A folder without an owner's name may be one that is being set up right now. */
const UNOWNED_GRACE_MS = 60_000;

/** What a private engine's number stands for on this machine. */
export interface EngineNames {
  /** Folder of its data, socket, pid file and log. */
  readonly directory: string;
  /** Its default bridge, and its namespace in containerd. */
  readonly bridge: string;
  /** `10.<n>.`: every address that it gives out begins so. */
  readonly subnet: string;
}

/** The names that belong to a private engine's number. */
export function engineNames(number: number): EngineNames {
  return {
    directory: join(tmpdir(), `mte-${number}`),
    bridge: `mte${number}`,
    subnet: `10.${number}.`,
  };
}

/**
 * Ends a private engine and removes all that is left of it: processes, containers, mounts, bridges, folder.
 * Also right for one that was killed; doing it twice is fine.
 */
export async function removeEngine(directory: string): Promise<void> {
  const number = FOLDER_PATTERN.exec(basename(directory))?.[1];
  if (number === undefined) return;
  const names = engineNames(Number(number));
  const found = await identityOf(directory);
  // Who else removes it may have come first, and the number may be another engine's by now.
  const isStillThis = async () => (await identityOf(directory)) === found;
  for (const step of [
    () => endProcesses(names, isStillThis),
    () => unmountBelow(directory),
    () => removeBridges(names),
    () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  ]) {
    if (!(await isStillThis())) return;
    await step();
  }
}

/** Tells a folder from one that is made later in its place; undefined where there is none. */
async function identityOf(directory: string): Promise<string | undefined> {
  const made = await stat(directory).catch(() => undefined);
  return made === undefined ? undefined : `${made.ino} ${made.birthtimeMs}`;
}

/** Removes what runs that were killed together with their watchdog have left behind. */
export async function removeAbandonedEngines(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const directory = join(tmpdir(), name);
    if (FOLDER_PATTERN.test(name) && (await isAbandoned(directory))) await removeEngine(directory);
  }
}

async function isAbandoned(directory: string): Promise<boolean> {
  // Empty while it is being written.
  const owner = await readFile(join(directory, "owner"), "utf8").catch(() => "");
  if (owner === "") {
    const made = await stat(directory).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs > UNOWNED_GRACE_MS;
  }
  return (await processIdentity(Number(owner.split(":")[0]))) !== owner;
}

async function endProcesses(names: EngineNames, isStillThis: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  const asked = new Set<number>();
  while (await isStillThis()) {
    const all = await listProcesses();
    const shims = all.filter((entry) => entry.command.includes(`-namespace ${names.bridge} `));
    const daemons = all.filter((entry) => entry.command.includes(`${names.directory}/`) && isDaemon(entry));
    if (shims.length + daemons.length === 0) return;
    const late = performance.now() > deadline;
    // dockerd first, and alone: it restarts nothing while it ends, and it hears of its containers' end from
    // containerd. Then its containers, which may ignore SIGTERM for long.
    const engines = daemons.filter((entry) => programOf(entry) === "dockerd");
    const targets = engines.length > 0 ? engines : daemons;
    for (const { pid } of targets) {
      if (late) signal(pid, "SIGKILL");
      else if (!asked.has(pid)) signal(pid, "SIGTERM");
      asked.add(pid);
    }
    const shimIds = new Set(shims.map((shim) => shim.pid));
    for (const entry of all) if (shimIds.has(entry.parent)) signal(entry.pid, "SIGKILL");
    // A shim whose daemon is gone has nobody to end it.
    if (daemons.length === 0) for (const shim of shims) signal(shim.pid, "SIGKILL");
    await pause(50);
  }
}

/** Only the engine's own programs: an editor or a pager may name the folder too. */
function isDaemon(entry: ProcessEntry): boolean {
  return /^(dockerd|containerd|docker-proxy)$/.test(programOf(entry));
}

function programOf(entry: ProcessEntry): string {
  return basename(entry.command.split(" ")[0] ?? "");
}

async function unmountBelow(directory: string): Promise<void> {
  const table = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  const mounts = table
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${directory}/`));
  // The deepest first; lazily, since an ending container may still hold one for a moment.
  for (const path of mounts.reverse()) await tryRun("umount", ["-l", path]);
}

async function removeBridges(names: EngineNames): Promise<void> {
  const addresses = await run("ip", ["-o", "-4", "addr", "show"]).catch(() => "");
  const bridges = new Set([names.bridge]);
  for (const line of addresses.split("\n")) {
    // `7: br-0a1b2c    inet 10.130.1.1/24 brd …`
    const [, bridge, , address] = line.trim().split(/\s+/);
    if (bridge !== undefined && address?.startsWith(names.subnet) === true) bridges.add(bridge);
  }
  for (const bridge of bridges) await tryRun("ip", ["link", "delete", bridge]);
}
