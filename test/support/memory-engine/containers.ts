import { randomBytes } from "node:crypto";
import { Type, type Static } from "@molecule/core";
import { labelsMatch, type Labels } from "./filters.js";
import { noSuchContainer, noSuchImage, Refusal } from "./refusal.js";
import type { MemoryVolumes } from "./volumes.js";

const Texts = Type.Record(Type.String(), Type.String());

/** The part of `POST /containers/create` that matters here; the rest is kept as it came. */
export const CreateSchema = Type.Object({
  Image: Type.String(),
  Env: Type.Optional(Type.Array(Type.String())),
  Cmd: Type.Optional(Type.Array(Type.String())),
  Labels: Type.Optional(Texts),
  HostConfig: Type.Optional(
    Type.Object({
      Mounts: Type.Optional(
        Type.Array(Type.Object({ Type: Type.String(), Source: Type.String(), Target: Type.String() })),
      ),
      PortBindings: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      RestartPolicy: Type.Optional(Type.Object({ Name: Type.String() })),
    }),
  ),
});

/** What a container is made from. */
export type CreateBody = Static<typeof CreateSchema>;

/** A container as its program sees it. */
export interface ProgramContext {
  readonly id: string;
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Labels;
  /** Aborts when the container stops, whoever stops it. */
  readonly stopped: AbortSignal;
  /** A file that was put there, or null. */
  readFile(path: string): string | null;
  log(line: string): void;
  exit(code: number): void;
}

/** What the process of an image does when its container starts. Must not throw. */
export type Program = (context: ProgramContext) => void;

interface Running {
  readonly controller: AbortController;
  readonly port: number;
}

interface Container {
  readonly id: string;
  name: string;
  readonly body: CreateBody;
  readonly imageId: string;
  readonly createdMs: number;
  readonly files: Map<string, string>;
  log: string;
  running: Running | null;
  started: boolean;
  exitCode: number;
  /** Stopped by hand: an engine that restarts leaves it alone. */
  stoppedByHand: boolean;
}

/** An image of the memory engine. */
export interface MemoryImage {
  readonly id: string;
  readonly env: readonly string[];
  readonly program: Program;
}

/** Containers in memory that live, and refuse, as those of a real engine. */
export class MemoryContainers {
  readonly #all = new Map<string, Container>();
  readonly #volumes: MemoryVolumes;
  readonly #image: (reference: string) => MemoryImage | undefined;
  readonly #now: () => number;
  #nextPort = 30_000;

  constructor(services: {
    volumes: MemoryVolumes;
    image: (reference: string) => MemoryImage | undefined;
    now: () => number;
  }) {
    this.#volumes = services.volumes;
    this.#image = services.image;
    this.#now = services.now;
  }

  create(name: string, body: CreateBody): { Id: string; Warnings: string[] } {
    const image = this.#image(body.Image);
    if (image === undefined) throw noSuchImage(body.Image);
    this.#assertFree(name);
    for (const mount of body.HostConfig?.Mounts ?? []) {
      if (mount.Type === "volume") this.#volumes.create(mount.Source, {});
    }
    const id = randomBytes(32).toString("hex");
    this.#all.set(id, {
      id,
      name,
      body,
      imageId: image.id,
      createdMs: this.#now(),
      files: new Map(),
      log: "",
      running: null,
      started: false,
      exitCode: 0,
      stoppedByHand: false,
    });
    return { Id: id, Warnings: [] };
  }

  list(filter: readonly string[], all: boolean) {
    return [...this.#all.values()]
      .filter((each) => all || each.running !== null)
      .filter((each) => labelsMatch(each.body.Labels ?? {}, filter))
      .sort((a, b) => b.createdMs - a.createdMs)
      .map((each) => ({
        Id: each.id,
        Names: [`/${each.name}`],
        Image: each.body.Image,
        ImageID: each.imageId,
        Labels: each.body.Labels ?? {},
        Created: Math.floor(each.createdMs / 1000),
        State: stateOf(each),
        Status: stateOf(each),
        Ports: this.#isPublished(each)
          ? [{ IP: "127.0.0.1", PrivatePort: 8000, PublicPort: each.running?.port, Type: "tcp" }]
          : [],
        Mounts: mountsOf(each),
      }));
  }

  inspect(idOrName: string) {
    const found = this.#find(idOrName);
    const bindings = this.#isPublished(found)
      ? { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(found.running?.port) }] }
      : {};
    return {
      Id: found.id,
      Name: `/${found.name}`,
      Created: new Date(found.createdMs).toISOString(),
      Image: found.imageId,
      RestartCount: 0,
      State: {
        Status: stateOf(found),
        Running: found.running !== null,
        Restarting: false,
        Paused: false,
        Dead: false,
        ExitCode: found.running === null ? found.exitCode : 0,
      },
      Config: { Image: found.body.Image, Labels: found.body.Labels ?? {}, Env: found.body.Env ?? [] },
      HostConfig: found.body.HostConfig ?? {},
      Mounts: mountsOf(found),
      NetworkSettings: { Ports: bindings },
    };
  }

  start(idOrName: string): void {
    const found = this.#find(idOrName);
    if (found.running !== null) throw new Refusal(304, "container already started");
    this.#run(found);
  }

  stop(idOrName: string): void {
    const found = this.#find(idOrName);
    found.stoppedByHand = true;
    if (found.running === null) throw new Refusal(304, "container already stopped");
    this.#end(found, 143);
  }

  kill(idOrName: string): void {
    const found = this.#find(idOrName);
    if (found.running === null) {
      throw new Refusal(409, `Cannot kill container: ${idOrName}: Container ${found.id} is not running`);
    }
    found.stoppedByHand = true;
    this.#end(found, 137);
  }

  rename(idOrName: string, name: string): void {
    const found = this.#find(idOrName);
    this.#assertFree(name);
    found.name = name;
  }

  remove(idOrName: string, force: boolean): void {
    const found = this.#find(idOrName);
    if (found.running !== null) {
      if (!force) {
        throw new Refusal(
          409,
          `You cannot remove a running container ${found.id}. Stop the container before attempting removal or force remove`,
        );
      }
      this.#end(found, 137);
    }
    this.#all.delete(found.id);
  }

  putFiles(idOrName: string, files: ReadonlyMap<string, string>): void {
    const found = this.#find(idOrName);
    for (const [path, content] of files) {
      const volume = mountsOf(found).find((mount) => path.startsWith(`${mount.Destination}/`));
      if (volume === undefined) found.files.set(path, content);
      else this.#volumes.files(volume.Name).set(path.slice(volume.Destination.length), content);
    }
  }

  log(idOrName: string): string {
    return this.#find(idOrName).log;
  }

  /** Whether a container, running or not, mounts the volume. */
  isMounted(volume: string): boolean {
    return [...this.#all.values()].some((each) => mountsOf(each).some(({ Name }) => Name === volume));
  }

  /** Whether a container, running or not, was made from the image. */
  isUsed(imageId: string): boolean {
    return [...this.#all.values()].some((each) => each.imageId === imageId);
  }

  /** As when the engine is stopped and started again: what ran by its restart policy runs again, on other ports. */
  restartAll(): void {
    const ran = [...this.#all.values()].filter((each) => each.running !== null);
    for (const each of ran) this.#end(each, 255);
    for (const each of ran) {
      if (each.body.HostConfig?.RestartPolicy?.Name === "unless-stopped") this.#run(each);
    }
  }

  /** Ends every process. */
  stopAll(): void {
    for (const each of this.#all.values()) if (each.running !== null) this.#end(each, 137);
  }

  #find(idOrName: string): Container {
    const byId = this.#all.get(idOrName);
    if (byId !== undefined) return byId;
    const found = [...this.#all.values()].find(
      (each) => each.name === idOrName || (idOrName.length >= 12 && each.id.startsWith(idOrName)),
    );
    if (found === undefined) throw noSuchContainer(idOrName);
    return found;
  }

  #assertFree(name: string): void {
    const holder = [...this.#all.values()].find((each) => each.name === name);
    if (holder === undefined) return;
    throw new Refusal(
      409,
      `Conflict. The container name "/${name}" is already in use by container "${holder.id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  }

  #isPublished(container: Container): boolean {
    return container.running !== null && container.body.HostConfig?.PortBindings?.["8000/tcp"] !== undefined;
  }

  #run(container: Container): void {
    const controller = new AbortController();
    const running = { controller, port: this.#nextPort };
    this.#nextPort = this.#nextPort === 60_000 ? 30_000 : this.#nextPort + 1;
    container.running = running;
    container.started = true;
    container.stoppedByHand = false;
    container.exitCode = 0;
    const image = this.#image(container.imageId);
    const end = (code: number) => {
      if (container.running === running) this.#end(container, code);
    };
    image?.program({
      id: container.id,
      cmd: container.body.Cmd ?? [],
      env: Object.fromEntries([...image.env, ...(container.body.Env ?? [])].map(splitEntry)),
      labels: container.body.Labels ?? {},
      stopped: controller.signal,
      readFile: (path) => this.#readFile(container, path),
      log: (line) => (container.log += `${line}\n`),
      exit: end,
    });
  }

  #readFile(container: Container, path: string): string | null {
    const volume = mountsOf(container).find((mount) => path.startsWith(`${mount.Destination}/`));
    if (volume === undefined) return container.files.get(path) ?? null;
    return this.#volumes.files(volume.Name).get(path.slice(volume.Destination.length)) ?? null;
  }

  #end(container: Container, exitCode: number): void {
    const { running } = container;
    container.running = null;
    container.exitCode = exitCode;
    running?.controller.abort();
  }
}

function stateOf(container: Container): string {
  if (container.running !== null) return "running";
  return container.started ? "exited" : "created";
}

function mountsOf({ body }: Container): { Type: string; Name: string; Destination: string }[] {
  return (body.HostConfig?.Mounts ?? [])
    .filter(({ Type: type }) => type === "volume")
    .map(({ Type: type, Source, Target }) => ({ Type: type, Name: Source, Destination: Target }));
}

function splitEntry(entry: string): [string, string] {
  const end = entry.indexOf("=");
  return end < 0 ? [entry, ""] : [entry.slice(0, end), entry.slice(end + 1)];
}
