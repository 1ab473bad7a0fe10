import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
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
  const both = new PassThrough();
  docker.modem.demuxStream(stream, both, both);
  stream.on("end", () => both.end());
  return await text(both);
}

/** How a program ended that ran in a container beside its main one. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a running container, with the container's environment. */
export async function execIn(
  docker: Docker,
  container: Docker.Container,
  command: readonly string[],
): Promise<ExecResult> {
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  stream.on("end", () => {
    stdout.end();
    stderr.end();
  });
  const [out, err] = await Promise.all([text(stdout), text(stderr)]);
  const { ExitCode } = await exec.inspect();
  return { code: ExitCode ?? -1, stdout: out, stderr: err };
}
