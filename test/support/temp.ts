import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownUntilEnd } from "./lifetime.js";

/**
 * A new folder (mode 0700) that is removed when the tests end, whatever ends them.
 *
 * @param prefix - start of its name; keep it short where Unix sockets are made in it (108 bytes are the limit).
 */
export async function tempDir(prefix = "mt-"): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  ownUntilEnd({ kind: "directory", path });
  return path;
}
