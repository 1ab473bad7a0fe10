import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import { RegistryProxy } from "../support/registry-faults.js";
import { dockerConfigOf, wantsToken } from "../support/registry-logins.js";
import { tempDir } from "../support/temp.js";
import { inBatches } from "./batches.js";
import { inOrder, timed, type Benchmark, type Pair, type PreparedBenchmark } from "./harness.js";
import { pushWatchedImages, type WatchedImages } from "./watched-images.js";

const IMAGES = 50;
/** The watcher's own, unless its config says otherwise. */
const CONCURRENCY = 8;
/** What both sides accept: the types of manifests and of indices, of OCI and of Docker. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const MEMORY_IMAGES = 5;
const EARLY_CYCLES = 100;
const LATE_CYCLES = 1_000;
const HEAP_PROGRAM = new URL("./heap-program.js", import.meta.url).href;

/** What watching costs while nothing changes: most of its life. */
export const watchBenchmarks: readonly Benchmark[] = [
  {
    name: "watch-cycle",
    compares: `a cycle over ${IMAGES} unchanged images, ${CONCURRENCY} at a time; the same HEADs by bare fetch`,
    unit: "ms",
    bar: { kind: "at-most", ratio: 1.5 },
    rounds: 15,
    prepare: prepareCycle,
  },
  {
    name: "watch-memory",
    compares: `heap after ${LATE_CYCLES} cycles over ${MEMORY_IMAGES} images; after ${EARLY_CYCLES}`,
    unit: "MiB",
    bar: { kind: "at-most", ratio: 1.1 },
    rounds: 1,
    prepare: prepareMemory,
  },
];

async function prepareCycle(): Promise<PreparedBenchmark> {
  const images = await pushWatchedImages(IMAGES, CONCURRENCY);
  await assertOneHeadEach(images);
  const watcher = await images.watch(new URL(images.registryUrl).host);
  const headers = { Accept: ACCEPT, "If-None-Match": `"${images.digest}"` };
  const bare = async (path: string) => {
    const { status } = await fetch(`${images.registryUrl}${path}`, { method: "HEAD", headers });
    if (status !== 304) throw new Error(`the registry answers ${status} to ${path}`);
  };
  return {
    round: (flipped) =>
      inOrder(
        flipped,
        () => timed(watcher.cycle),
        () => timed(() => inBatches(images.paths, CONCURRENCY, bare)),
      ),
    close: watcher.close,
  };
}

/** Behind a login, with the token fetched: the second cycle asks for each image once, and for nothing else. */
async function assertOneHeadEach(images: WatchedImages): Promise<void> {
  const proxy = await RegistryProxy.start({ url: images.registryUrl });
  const account = { username: "bench", password: "bench-password" };
  const dockerConfig = await tempDir("bench-docker-");
  await writeFile(join(dockerConfig, "config.json"), dockerConfigOf(proxy.host, account));
  proxy.fault = wantsToken(proxy.host, account);
  const watcher = await images.watch(proxy.host, { DOCKER_CONFIG: dockerConfig });
  try {
    proxy.seen.length = 0;
    await watcher.cycle();
    const asked = proxy.seen.map(({ method, path }) => `${method} ${path}`).sort();
    const wanted = images.paths.map((path) => `HEAD ${path}`).sort();
    if (asked.join("\n") !== wanted.join("\n")) {
      throw new Error(`a cycle with nothing new is not one HEAD for each image:\n${asked.join("\n")}`);
    }
  } finally {
    await watcher.close();
    await proxy.close();
  }
}

async function prepareMemory(): Promise<PreparedBenchmark> {
  const images = await pushWatchedImages(MEMORY_IMAGES, MEMORY_IMAGES);
  return {
    round: () => heapOverCycles(images),
    close: () => Promise.resolve(),
  };
}

/** In a new host each time, since it is the growth from the start on that counts. */
async function heapOverCycles(images: WatchedImages): Promise<Pair> {
  const options = `${process.env.NODE_OPTIONS ?? ""} --import=${HEAP_PROGRAM}`;
  const watcher = await images.watch(new URL(images.registryUrl).host, { NODE_OPTIONS: options });
  try {
    for (let count = 0; count < EARLY_CYCLES; count += 1) await watcher.cycle();
    const peer = await heapOf(watcher.host);
    for (let count = EARLY_CYCLES; count < LATE_CYCLES; count += 1) await watcher.cycle();
    return { ours: await heapOf(watcher.host), peer };
  } finally {
    await watcher.close();
  }
}

/** MiB that are in use after garbage was collected. */
async function heapOf({ pid, lines }: RunningHost): Promise<number> {
  const from = lines.length;
  process.kill(pid, "SIGUSR2");
  const bytes = await eventually(
    () =>
      lines
        .slice(from)
        .map(({ text }) => Number(/heap in use: (\d+)/.exec(text)?.[1]))
        .find((found) => found > 0),
    { what: "the host tells its heap" },
  );
  return bytes / 2 ** 20;
}
