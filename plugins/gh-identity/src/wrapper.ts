import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { messageOf } from "@molecule/core";
import { errors } from "./errors.js";

/** The script that stands before the GitHub CLI in a workspace. */
export interface GhWrapper {
  readonly content: Uint8Array;
  readonly base64: string;
  /** First 12 hex digits of the content's SHA-256. */
  readonly sha: string;
}

/**
 * Reads the wrapper that this package ships.
 * @throws GH_IDENTITY_WRAPPER_UNREADABLE
 */
export async function readWrapper(signal: AbortSignal): Promise<GhWrapper> {
  // Beside dist/ in the package, as in the sources.
  const path = fileURLToPath(new URL("../wrapper/gh", import.meta.url));
  try {
    const content = await readFile(path, { signal });
    return {
      content,
      base64: content.toString("base64"),
      sha: createHash("sha256").update(content).digest("hex").slice(0, 12),
    };
  } catch (error) {
    throw errors.GH_IDENTITY_WRAPPER_UNREADABLE({ path, reason: messageOf(error) }, { cause: error });
  }
}
