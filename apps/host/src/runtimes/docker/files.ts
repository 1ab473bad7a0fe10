import { posix } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Clock, LaunchFile } from "@molecule/core";
import { pack } from "tar-stream";
import { runtimeErrors } from "../../errors/runtimes.js";
import { assertLaunchPath } from "../launch-path.js";
import type { FileOwner } from "./file-owner.js";
import type { Mount } from "./mounts.js";

/** How files get into a container that has not started yet. */
export interface FilePlan {
  /** The folder that the archive is unpacked in. */
  readonly root: string;
  readonly files: readonly LaunchFile[];
}

/**
 * Decides where the files go. The engine unpacks nothing into a read-only root, only into a volume on it.
 * @throws LAUNCH_FILE_REFUSED
 */
export function planFiles(
  files: readonly LaunchFile[],
  mounts: readonly Mount[],
  readOnlyRoot: boolean,
): FilePlan {
  for (const file of files) {
    assertLaunchPath(file);
    const mount = mounts.find(({ target }) => isBelow(file.path, target));
    const refuse = (reason: string) => runtimeErrors.LAUNCH_FILE_REFUSED({ path: file.path, reason });
    if (mount?.readOnly === true) {
      throw refuse(
        `${mount.target} is a folder of the machine that is mounted read-only; put the file elsewhere`,
      );
    }
    if (readOnlyRoot && mount === undefined) {
      const targets = mounts.map(({ target }) => target).join(", ");
      throw refuse(`in tier 1 only ${targets} can be written; put it there or choose another tier`);
    }
  }
  const [volume] = mounts;
  return { root: readOnlyRoot && volume !== undefined ? volume.target : "/", files };
}

/**
 * The plan's files as a tar. Folders are left to the engine, which makes those that are missing: an entry would
 * change the mode of one that is there.
 */
export async function archiveFiles(plan: FilePlan, { uid, gid }: FileOwner, clock: Clock): Promise<Buffer> {
  const mtime = new Date(clock.now());
  const tar = pack();
  for (const { path, mode, content } of plan.files) {
    const name = posix.relative(plan.root, path);
    tar.entry({ name, mode, mtime, uid, gid }, Buffer.from(content));
  }
  tar.finalize();
  return await buffer(Readable.from(tar));
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
