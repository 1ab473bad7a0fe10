import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { extract } from "tar-stream";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";

/** The text of one small file of a container, which need not run; null when it is not there. */
export async function readFile(
  engine: EngineClient,
  containerId: string,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await engine.call(`read ${path} of a container`, signal, async (docker, abortSignal) => {
      const archive = await docker.getContainer(containerId).getArchive({ path, abortSignal });
      const entries = Readable.from(archive).pipe(extract());
      for await (const entry of entries) return await text(entry);
      return null;
    });
  } catch (error) {
    if (isRefusal(error, 404)) return null;
    throw error;
  }
}
