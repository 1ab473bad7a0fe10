import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@molecule/core";
import { inspectLock } from "../../storage/data-dir.js";
import type { Finding } from "./check.js";

const ELSEWHERE = "set MOLECULE_DATA_DIR to a folder on a local disk that this user may create and write";

/** Whether the data folder can be used, and who does. @param path absolute */
export async function checkDataFolder(path: string): Promise<Finding> {
  const found = await statOrNull(path);
  if (found === null) return await checkParent(path);
  if (!found.isDirectory()) {
    return { status: "fail", finding: `${path} is there and is no folder`, hint: ELSEWHERE };
  }
  const obstacle = await obstacleTo(path, constants.R_OK | constants.W_OK | constants.X_OK);
  if (obstacle !== null) {
    return { status: "fail", finding: `${path} can't be written: ${obstacle}`, hint: ELSEWHERE };
  }
  const { held, holder } = await inspectLock(path);
  if (!held) return { status: "ok", finding: `${path} is writable, and no host holds it` };
  const who =
    holder === null
      ? "a host that has not yet written down who it is"
      : `the host of process ${holder.pid} on ${holder.hostname}, since ${holder.startedAt}`;
  return { status: "ok", finding: `${path} is writable, and held by ${who}`, hint: "one host at a time" };
}

/** What others on this machine may do to the host's files, and this user to the engine's socket. */
export async function checkPermissions(dataDir: string, socket: string | null): Promise<Finding> {
  const details: string[] = [];
  if (process.platform !== "win32") {
    for (const [path, mode] of [
      [dataDir, "700"],
      [join(dataDir, "admin-token"), "600"],
      [join(dataDir, "secrets-key"), "600"],
    ] as const) {
      const found = await statOrNull(path);
      if (found !== null && (found.mode & 0o077) !== 0) {
        const open = (found.mode & 0o777).toString(8);
        details.push(
          `${path} is open to other users of this machine (mode ${open}): run chmod ${mode} on it`,
        );
      }
    }
  }
  const obstacle =
    socket === null || (await statOrNull(socket)) === null
      ? null
      : await obstacleTo(socket, constants.R_OK | constants.W_OK);
  if (obstacle !== null) {
    details.push(
      `${socket ?? ""} can't be used by this user: ${obstacle}; add the user to the socket's group`,
    );
  }
  if (details.length === 0) return { status: "ok", finding: "nothing of the host's is open to other users" };
  const finding = `${details.length} that should be otherwise`;
  return { status: obstacle === null ? "warn" : "fail", finding, details };
}

async function checkParent(path: string): Promise<Finding> {
  let parent = dirname(path);
  while ((await statOrNull(parent)) === null && parent !== dirname(parent)) parent = dirname(parent);
  const isFolder = (await statOrNull(parent))?.isDirectory() === true;
  const obstacle = isFolder ? await obstacleTo(parent, constants.W_OK | constants.X_OK) : "it is no folder";
  if (obstacle === null)
    return { status: "ok", finding: `${path} is not there yet; the first start makes it` };
  return {
    status: "fail",
    finding: `${path} is not there and can't be made in ${parent}: ${obstacle}`,
    hint: ELSEWHERE,
  };
}

/** What is there; null for nothing, also where a part of the path is a file. */
async function statOrNull(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

async function obstacleTo(path: string, mode: number): Promise<string | null> {
  return await access(path, mode).then(
    () => null,
    (error: unknown) => messageOf(error),
  );
}
