import { posix } from "node:path";
import type { LaunchFile } from "@molecule/core";
import { runtimeErrors } from "../errors/runtimes.js";

/**
 * Refuses a file whose path is not an absolute POSIX path in its plain form: what is written as root, or by the
 * host itself, must not lead out of the workspace.
 * @throws LAUNCH_FILE_REFUSED
 */
export function assertLaunchPath({ path }: LaunchFile): void {
  const refuse = (reason: string) => runtimeErrors.LAUNCH_FILE_REFUSED({ path, reason });
  if (!path.startsWith("/")) throw refuse("it is not absolute; start it with /");
  if (path.includes("\0")) throw refuse("it holds a NUL character");
  if (path.endsWith("/")) throw refuse("it names a folder; give the name of a file");
  if (posix.normalize(path) !== path)
    throw refuse(`it is not in its plain form, which is ${posix.normalize(path)}`);
}
