import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { messageOf } from "@molecule/core";
import { errors } from "./errors.js";

/** The scripts that a workspace gets. */
export interface WorkspaceScripts {
  /** Prints a token that is fresh now, by itself or to git. */
  readonly helper: Uint8Array;
  /** Stands before the GitHub CLI and calls it with a fresh token. */
  readonly gh: Uint8Array;
}

/**
 * Reads the scripts that this package ships.
 * @throws GITHUB_APP_FILES_UNREADABLE
 */
export async function readScripts(): Promise<WorkspaceScripts> {
  const [helper, gh] = await Promise.all([readScript("molecule-github-token"), readScript("gh")]);
  return { helper, gh };
}

async function readScript(name: string): Promise<Uint8Array> {
  // Beside dist/ in the package, as in the sources.
  const path = fileURLToPath(new URL(`../container/${name}`, import.meta.url));
  try {
    return await readFile(path);
  } catch (error) {
    throw errors.GITHUB_APP_FILES_UNREADABLE({ path, reason: messageOf(error) }, { cause: error });
  }
}
