import { chmod, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isCodedError, messageOf, type LaunchSpec } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import { assertLaunchPath } from "../launch-path.js";

/** Only the host's user may look in: tokens are in there. */
const FOLDER_MODE = 0o700;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The folder that stands in for a workspace's volumes: `root/` is what would be `/` in a container. */
export class WorkspaceFolder {
  readonly #workspaceId: string;
  readonly #path: string;

  /** @throws WORKSPACE_ID_REFUSED for an id that could lead elsewhere */
  constructor(dataDir: string, workspaceId: string) {
    if (!UUID.test(workspaceId)) throw runtimeErrors.WORKSPACE_ID_REFUSED({ found: workspaceId });
    this.#workspaceId = workspaceId;
    this.#path = join(dataDir, "workspaces", workspaceId);
  }

  /** Prefix of the workspace's file paths. */
  get root(): string {
    return join(this.#path, "root");
  }

  get home(): string {
    return join(this.root, "home");
  }

  get temporary(): string {
    return join(this.root, "tmp");
  }

  /** Where the output of the workspace's processes is kept. */
  get logFile(): string {
    return join(this.#path, "agent.log");
  }

  /**
   * Makes the folder and puts the files of `spec` in it; what an earlier attempt has left stays.
   * @returns the folder to run in
   * @throws LAUNCH_FILE_REFUSED, WORKSPACE_DIR_UNUSABLE, WORKSPACE_FOLDER_UNUSABLE
   */
  async prepare(spec: LaunchSpec): Promise<string> {
    for (const file of spec.files) assertLaunchPath(file);
    if (spec.workspaceDir !== undefined) await assertFolder(spec.workspaceDir.path);
    const workingDirectory = spec.workspaceDir?.path ?? join(this.root, "workspace");
    try {
      for (const path of [this.#path, this.root, this.home, this.temporary, join(this.root, "workspace")]) {
        await mkdir(path, { recursive: true, mode: FOLDER_MODE });
      }
      if (spec.resetSession)
        await rm(join(this.home, ".claude", "sessions"), { recursive: true, force: true });
      for (const { path, mode, content } of spec.files) await this.#write(path, mode, content);
    } catch (error) {
      if (isCodedError(error)) throw error;
      throw runtimeErrors.WORKSPACE_FOLDER_UNUSABLE(
        { workspaceId: this.#workspaceId, reason: messageOf(error) },
        { cause: error },
      );
    }
    return workingDirectory;
  }

  /** Removes it with all that is in it; one that is not there is fine. */
  async remove(): Promise<void> {
    // A process that was just killed may still be making its last file.
    await rm(this.#path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  async #write(path: string, mode: number, content: string | Uint8Array): Promise<void> {
    const target = this.root + path;
    await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE });
    // Anew, so that a secret is never in a file of the old mode, nor behind a link.
    await rm(target, { force: true });
    await writeFile(target, content, { mode: mode & FOLDER_MODE, flag: "wx" });
    // The mode of a new file is cut down by the umask.
    await chmod(target, mode);
  }
}

async function assertFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw runtimeErrors.WORKSPACE_DIR_UNUSABLE({ path, reason: messageOf(error) }, { cause: error });
  });
  if (!found.isDirectory())
    throw runtimeErrors.WORKSPACE_DIR_UNUSABLE({ path, reason: "it is not a folder" });
}
