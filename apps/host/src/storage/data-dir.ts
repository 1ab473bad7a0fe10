import { mkdir, open, readFile, stat, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { messageOf, type Clock, type Logger } from "@molecule/core";
import { tryLock } from "fs-native-extensions";
import { storageErrors, type DataDirHolder } from "../errors/storage.js";
import {
  readOrCreateAdminToken,
  readOrCreateHostId,
  readOrCreateSecretsKey,
  type AdminToken,
  type SecretsKey,
} from "./data-files.js";
import type { RandomSource } from "./random.js";

/** The host's own folder, held by an exclusive lock until {@link DataDir.close}. */
export interface DataDir {
  /** Absolute. */
  readonly path: string;
  /** UUID of this host, the same at each start on this folder. */
  readonly hostId: string;
  /**
   * The generated admin token, made at the first call ever.
   * @throws DATA_DIR_FILE_INVALID when the file holds something else
   */
  readOrCreateAdminToken(): AdminToken;
  /**
   * The generated encryption key, made at the first call ever.
   * @throws DATA_DIR_FILE_INVALID when the file holds something else
   */
  readOrCreateSecretsKey(): SecretsKey;
  /** Gives the folder back. Calling it again does nothing. */
  close(): Promise<void>;
}

/** What {@link openDataDir} needs. */
export interface DataDirServices {
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/**
 * Creates the folder where it is missing (0700) and takes it for this process alone. The lock is the kernel's: it
 * ends with the process, however that ends, so that no stale lock is ever left to clear by hand.
 * @throws DATA_DIR_LOCKED when another host has it, DATA_DIR_UNUSABLE, DATA_DIR_FILE_INVALID
 */
export async function openDataDir(path: string, services: DataDirServices): Promise<DataDir> {
  const folder = resolve(path);
  const lock = await takeLock(folder, services.clock).catch((error: unknown) => {
    throw asUnusable(folder, error);
  });
  try {
    await tellWhenOpenToOthers(folder, services.log);
    return new LockedDataDir(folder, readOrCreateHostId(folder, services.random), lock, services.random);
  } catch (error) {
    await lock.close();
    throw asUnusable(folder, error);
  }
}

class LockedDataDir implements DataDir {
  readonly path: string;
  readonly hostId: string;
  readonly #random: RandomSource;
  readonly #lock: FileHandle;
  #closing: Promise<void> | undefined;

  constructor(path: string, hostId: string, lock: FileHandle, random: RandomSource) {
    this.path = path;
    this.hostId = hostId;
    this.#lock = lock;
    this.#random = random;
  }

  readOrCreateAdminToken(): AdminToken {
    return readOrCreateAdminToken(this.path, this.#random);
  }

  readOrCreateSecretsKey(): SecretsKey {
    return readOrCreateSecretsKey(this.path, this.#random);
  }

  close(): Promise<void> {
    this.#closing ??= this.#release();
    return this.#closing;
  }

  // The file stays: a host that has it open while it is unlinked would hold a lock that the next one doesn't see.
  async #release(): Promise<void> {
    try {
      await this.#lock.truncate(0);
    } finally {
      await this.#lock.close();
    }
  }
}

async function takeLock(folder: string, clock: Clock): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "lock");
  // "a+" creates the file without emptying it: before the lock is taken its content is another host's.
  const handle = await open(path, "a+", 0o600);
  try {
    if (!tryLock(handle.fd)) {
      throw storageErrors.DATA_DIR_LOCKED({ path: folder, holder: await readHolder(path) });
    }
    const holder: DataDirHolder = {
      pid: process.pid,
      hostname: hostname(),
      startedAt: new Date(clock.now()).toISOString(),
    };
    await handle.truncate(0);
    await handle.appendFile(
      `${JSON.stringify({ pid: holder.pid, hostname: holder.hostname, started_at: holder.startedAt })}\n`,
    );
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Who holds a data folder, without taking it: a lock that is only asked for would refuse a host that starts meanwhile,
 * so a holder that is known to be gone is not asked after. Reads only.
 */
export async function inspectLock(
  folder: string,
): Promise<{ readonly held: boolean; readonly holder: DataDirHolder | null }> {
  const path = join(folder, "lock");
  const handle = await open(path, "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw asUnusable(folder, error);
  });
  if (handle === null) return { held: false, holder: null };
  try {
    const holder = await readHolder(path);
    if (holder?.hostname === hostname() && !isAlive(holder.pid)) return { held: false, holder: null };
    const held = !tryLock(handle.fd, { shared: true });
    return { held, holder: held ? holder : null };
  } finally {
    await handle.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Of another user: there, but not ours to signal.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function readHolder(path: string): Promise<DataDirHolder | null> {
  try {
    const found: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof found !== "object" || found === null) return null;
    if (!("pid" in found && "hostname" in found && "started_at" in found)) return null;
    const { pid, hostname: host, started_at: startedAt } = found;
    return typeof pid === "number" && typeof host === "string" && typeof startedAt === "string"
      ? { pid, hostname: host, startedAt }
      : null;
  } catch {
    // Not yet written, or not readable for this user: the refusal then goes without a name.
    return null;
  }
}

async function tellWhenOpenToOthers(folder: string, log: Logger): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o077) === 0 || process.platform === "win32") return;
  log.warn("the data folder is open to other users of this machine; run chmod 700 on it", {
    path: folder,
    mode: (mode & 0o777).toString(8),
  });
}

function asUnusable(path: string, error: unknown): unknown {
  return error instanceof Error && "code" in error && "syscall" in error
    ? storageErrors.DATA_DIR_UNUSABLE({ path, reason: messageOf(error) }, { cause: error })
    : error;
}
