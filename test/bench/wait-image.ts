import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { drain } from "../support/docker-streams.js";
import type { Engine } from "../support/engine.js";

/** An image whose container waits, and ends at once when it is told to. */
export const WAIT_IMAGE = "molecule-bench/wait:latest";

/** Builds {@link WAIT_IMAGE} on the tests' busybox. */
export async function buildWaitImage(engine: Engine): Promise<void> {
  const context = pack();
  const dockerfile = [
    `FROM ${engine.busybox}`,
    // As process 1 a shell ignores SIGTERM unless it says otherwise, and a stop would take its full grace.
    `CMD ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]`,
  ];
  context.entry({ name: "Dockerfile" }, dockerfile.join("\n"));
  context.finalize();
  await drain(await engine.docker.buildImage(Readable.from(context), { t: WAIT_IMAGE, forcerm: true }));
}
