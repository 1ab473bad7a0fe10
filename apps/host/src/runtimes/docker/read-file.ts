import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";

/** Bytes of a file; a larger one is not read. */
const LIMIT_BYTES = 1_048_576;

/** The text of one small file of a container, which need not run; null when it is not there, no file, or larger. */
export async function readFile(
  engine: EngineClient,
  containerId: string,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await engine.call(`read ${path} of a container`, signal, async (docker, abortSignal) => {
      const archive = await docker.getContainer(containerId).getArchive({ path, abortSignal });
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
      if (type === "file" && size <= LIMIT_BYTES) found = await text(entry);
      else entry.resume();
    }
    return found;
  };
  const [found] = await Promise.all([reading(), pipeline(archive, unpacked, { signal })]);
  return found;
}
