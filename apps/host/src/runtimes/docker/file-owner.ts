import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { RuntimeCall } from "@molecule/core";
import { extract } from "tar-stream";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";

/** Who a container's files belong to. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Bytes of a list of users; a longer one is not read. */
const LIST_LIMIT_BYTES = 1_048_576;

/**
 * The owner of the files of a container that need not run yet: the user that its image runs as, who would else not be
 * able to read them. A name that the image does not know stands for root: the engine refuses to start it.
 * @param user as an image has it: `uid`, `name`, or one of them with `:gid` or `:group`; empty for root
 * @throws those of {@link EngineClient.call}
 */
export async function fileOwner(
  user: string,
  container: string,
  engine: EngineClient,
  call: RuntimeCall,
): Promise<FileOwner> {
  /** What the line of `key` says in a list of the container. */
  const find = async <T>(
    path: string,
    key: string,
    read: (fields: readonly string[]) => T,
  ): Promise<T | null> => {
    const list = await readFile(engine, container, path, call.signal);
    const line = list?.split("\n").find((each) => each.startsWith(`${key}:`));
    return line === undefined ? null : read(line.split(":"));
  };
  const [name = "", group = ""] = user.split(":");
  const account = isNumber(name)
    ? { uid: Number(name), gid: 0 }
    : await find("/etc/passwd", name, ([, , uid, gid]) => ({ uid: Number(uid), gid: Number(gid) }));
  if (group === "") return account ?? { uid: 0, gid: 0 };
  const gid = isNumber(group) ? Number(group) : await find("/etc/group", group, ([, , id]) => Number(id));
  return { uid: account?.uid ?? 0, gid: gid ?? 0 };
}

/** An empty text stands for root's. */
function isNumber(id: string): boolean {
  return /^\d*$/.test(id);
}

/** A small file of a container; null where it is none, or larger. */
async function readFile(
  engine: EngineClient,
  container: string,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await engine.call(`read ${path} of a container`, signal, async (docker, abortSignal) => {
      const archive = await docker.getContainer(container).getArchive({ path, abortSignal });
      return await onlyFile(archive, abortSignal);
    });
  } catch (error) {
    if (isRefusal(error, 404)) return null;
    throw error;
  }
}

async function onlyFile(archive: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | null> {
  const unpacked = extract();
  const reading = async (): Promise<string | null> => {
    let found: string | null = null;
    for await (const entry of unpacked) {
      const { type, size } = entry.header;
      if (type === "file" && size <= LIST_LIMIT_BYTES) found = await text(entry);
      else entry.resume();
    }
    return found;
  };
  const [found] = await Promise.all([reading(), pipeline(archive, unpacked, { signal })]);
  return found;
}
