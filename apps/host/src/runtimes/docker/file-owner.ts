import type { RuntimeCall } from "@molecule/core";
import type { EngineClient } from "./client.js";
import { readFile } from "./read-file.js";

/** Who a container's files belong to. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

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
