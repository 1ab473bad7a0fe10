import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@molecule/core";
import { errors } from "./errors.js";

/** How far above the working directory the file is looked for, in folders. */
const MAX_LEVELS = 6;
/** What is larger is no file of settings. */
const MAX_BYTES = 1_048_576;

/**
 * The `.env` path of this platform: beside its manifest, where that lies in the working directory or at most six
 * folders above it. Any other `.env` on the way is an unrelated project's.
 * @returns null when the working directory lies elsewhere
 */
export async function locateEnvFile(cwd: string, manifestDir: string): Promise<string | null> {
  // By real paths: either may have been reached over a link.
  const home = await realpath(manifestDir);
  let folder = await realpath(cwd);
  for (let level = 0; level <= MAX_LEVELS; level += 1) {
    if (folder === home) return join(manifestDir, ".env");
    folder = dirname(folder);
  }
  return null;
}

/**
 * Reads the file as UTF-8.
 * @returns null when there is none
 * @throws DOTENV_UNREADABLE, DOTENV_TOO_LARGE
 */
export async function readEnvFile(path: string): Promise<string | null> {
  const content = await read(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw errors.DOTENV_UNREADABLE({ path, reason: messageOf(error) }, { cause: error });
  });
  if (content === null) return null;
  if (content.length > MAX_BYTES) throw errors.DOTENV_TOO_LARGE({ path, maxBytes: MAX_BYTES });
  return content.toString("utf8");
}

/** Reads at most one byte more than {@link MAX_BYTES}. */
async function read(path: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error("it is no file");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(found.size, MAX_BYTES) + 1));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
