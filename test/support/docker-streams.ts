import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { supportErrors } from "./errors.js";

/**
 * Reads the progress stream of an import, build, pull or push to its end.
 *
 * @throws ENGINE_REFUSED when a line tells of an error: the engine has answered 200 by then.
 */
export async function drain(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    if (line.trim() === "") continue;
    const message: unknown = JSON.parse(line);
    if (typeof message === "object" && message !== null && "error" in message) {
      throw supportErrors.ENGINE_REFUSED({ reason: String(message.error) });
    }
  }
}

/** What a container that has ended said: both streams without Docker's frame headers, in order. */
export async function outputOf(docker: Docker, container: Docker.Container): Promise<string> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const text = new PassThrough();
  docker.modem.demuxStream(stream, text, text);
  stream.on("end", () => text.end());
  const chunks: Buffer[] = [];
  for await (const chunk of text) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
