import { randomUUID } from "node:crypto";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { findOrInstall } from "./debian.js";
import { makeBusyboxImage, makeGithubToolsImage, makeNodeBaseImage } from "./engine-images.js";
import { atEnd } from "./lifetime.js";
import { privateEngineObstacle, startPrivateEngine, type PrivateEngine } from "./private-engine.js";
import { skipFor } from "./skip.js";

/** What a private engine needs on Debian. */
const DEBIAN_PACKAGES = ["docker.io", "docker-registry", "busybox-static", "iptables", "iproute2"];

/** Label of everything that tests create by hand; its value is {@link Engine.runId}. */
export const TEST_LABEL = "molecule.test.run";

/** Label by which the platform marks what belongs to one installation (design.md §4). */
const INSTANCE_LABEL = "molecule.platform.instance";

/** A real container engine that answers. */
export interface Engine {
  /** As `DOCKER_HOST`: `unix:///…`, or what was found there. */
  readonly url: string;
  /** The variables by which a child process reaches it: DOCKER_HOST and, where set, those of TLS. */
  readonly env: Readonly<Record<string, string>>;
  /** A client without time-outs, fit for streams. */
  readonly docker: Docker;
  /** Started by the tests and ended with them; `false` for one that was found on the machine. */
  readonly private: boolean;
  /** An image that is there, with busybox and its applets on the PATH. */
  readonly busybox: string;
  /** Stands in {@link TEST_LABEL}. */
  readonly runId: string;
  /** Put these on every container, volume, network and image that a test creates itself. */
  readonly labels: Readonly<Record<string, string>>;
  /** Builds, once, an image with nothing but `node` on its PATH, and answers its name. */
  nodeBase(): Promise<string>;
  /** Builds, once, an image with bash, curl, gh, git and busybox, whose container waits; answers its name. */
  githubTools(): Promise<string>;
  /** What this installation makes on a found engine is removed when the tests end. */
  ownInstance(instanceId: string): void;
}

/** An engine that nobody else uses, and that can be taken down. */
export type OwnEngine = Engine & Pick<PrivateEngine, "kill" | "start">;

let found: Promise<Engine | string> | undefined;

/**
 * The container engine of this test process: `DOCKER_HOST` or the default socket when it answers, else a private
 * dockerd (root on Linux; with `CI=true` on Debian what is missing is installed), started at the first call.
 * Without one the test or suite is skipped, and with `CI=true` failed.
 */
export async function useEngine(ctx: Mocha.Context): Promise<Engine> {
  ctx.timeout(600_000);
  const engine = await engineOrReason();
  if (typeof engine === "string") return skipFor(ctx, "container engine", engine);
  return engine;
}

/** As {@link useEngine} outside of mocha: without an engine it answers why there is none. */
export async function engineOrReason(): Promise<Engine | string> {
  return await (found ??= findOrStart());
}

async function findOrStart(): Promise<Engine | string> {
  const existing = await findEngine();
  if (existing !== undefined) {
    const engine = describe(existing, false);
    await provideImage(engine, engine.busybox, makeBusyboxImage);
    atEnd(() => removeOwnObjects(engine));
    return engine;
  }
  const own = await ownEngineOrReason();
  return typeof own === "string" ? `none answers at DOCKER_HOST or the default socket, and ${own}` : own;
}

/** A private engine of its own for tests that take it down; as {@link useEngine} where there can be none. */
export async function useOwnEngine(ctx: Mocha.Context): Promise<OwnEngine> {
  ctx.timeout(600_000);
  const engine = await ownEngineOrReason();
  if (typeof engine === "string") return skipFor(ctx, "container engine of its own", engine);
  return engine;
}

/** As {@link useOwnEngine} outside of mocha: without an engine it answers why there is none. */
export async function ownEngineOrReason(): Promise<OwnEngine | string> {
  const possible = async () => ((await privateEngineObstacle()) === undefined ? true : undefined);
  await findOrInstall(possible, DEBIAN_PACKAGES);
  const obstacle = await privateEngineObstacle();
  if (obstacle !== undefined) return obstacle;
  const daemon = await startPrivateEngine();
  const engine = {
    ...describe(`unix://${daemon.socket}`, true),
    kill: () => daemon.kill(),
    start: () => daemon.start(),
  };
  await provideImage(engine, engine.busybox, makeBusyboxImage);
  return engine;
}

/** The engine's address where one answers: as Docker's own clients look for it. */
async function findEngine(): Promise<string | undefined> {
  const told = process.env.DOCKER_HOST;
  if (told !== undefined && told !== "") return (await answers(told)) ? told : undefined;
  for (const path of ["/var/run/docker.sock", join(homedir(), ".docker", "run", "docker.sock")]) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there && (await answers(`unix://${path}`))) return `unix://${path}`;
  }
  return undefined;
}

/** dockerode reads DOCKER_HOST and its TLS variables itself; only a socket is given by hand. */
function clientFor(url: string, options: { readonly timeout?: number } = {}): Docker {
  return new Docker(
    url.startsWith("unix://") ? { ...options, socketPath: url.slice("unix://".length) } : options,
  );
}

async function answers(url: string): Promise<boolean> {
  return await clientFor(url, { timeout: 20_000 })
    .ping()
    .then(
      () => true,
      () => false,
    );
}

const OWN_INSTANCES = new Set<string>();

function describe(url: string, isPrivate: boolean): Engine {
  const docker = clientFor(url);
  const runId = randomUUID();
  // By names of its own: another test process on this engine removes what it has made, whoever uses it by then.
  const imageName = (name: string) => `molecule-test/${name}:${runId}`;
  const image = imageProvider(docker, isPrivate);
  const env: Record<string, string> = { DOCKER_HOST: url };
  for (const name of ["DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return {
    url,
    env,
    docker,
    private: isPrivate,
    busybox: imageName("busybox"),
    runId,
    labels: { [TEST_LABEL]: runId },
    nodeBase: () => image(imageName("node-base"), makeNodeBaseImage),
    githubTools: () => image(imageName("github-tools"), makeGithubToolsImage),
    ownInstance: (instanceId) => void OWN_INSTANCES.add(instanceId),
  };
}

type MakeImage = (docker: Docker, image: string) => Promise<void>;

/** Provides each image once. */
function imageProvider(docker: Docker, isPrivate: boolean) {
  const images = new Map<string, Promise<string>>();
  return (image: string, make: MakeImage): Promise<string> => {
    const provided = images.get(image) ?? provideImage({ docker, private: isPrivate }, image, make);
    images.set(image, provided);
    return provided;
  };
}

/** Makes an image; on a found engine it goes when the tests end. */
async function provideImage(
  { docker, private: isPrivate }: Pick<Engine, "docker" | "private">,
  image: string,
  make: MakeImage,
): Promise<string> {
  if (!isPrivate) atEnd(() => removeImage(docker, image));
  await make(docker, image);
  return image;
}

async function hasImage(docker: Docker, image: string): Promise<boolean> {
  return (await docker.listImages({ filters: { reference: [image] } })).length > 0;
}

async function removeImage(docker: Docker, image: string): Promise<void> {
  if (await hasImage(docker, image)) await docker.getImage(image).remove({ force: true });
}

/** On an engine that is somebody's: what carries our labels goes, nothing else. */
async function removeOwnObjects(engine: Engine): Promise<void> {
  const { docker, runId } = engine;
  const labels = [`${TEST_LABEL}=${runId}`, ...[...OWN_INSTANCES].map((id) => `${INSTANCE_LABEL}=${id}`)];
  for (const label of labels) {
    const filters = { label: [label] };
    for (const { Id } of await docker.listContainers({ all: true, filters })) {
      await docker.getContainer(Id).remove({ force: true, v: true });
    }
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) {
      await docker.getVolume(Name).remove({ force: true });
    }
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
    for (const { Id } of await docker.listImages({ filters }))
      await docker.getImage(Id).remove({ force: true });
  }
}
