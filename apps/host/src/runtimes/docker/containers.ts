import { sleep, type Clock, type RuntimeCall } from "@molecule/core";
import type Docker from "dockerode";
import { settleAll } from "../abortable.js";
import { workspaceObjectName } from "../workspace-name.js";
import type { EngineClient } from "./client.js";
import { isRefusal } from "./engine-errors.js";
import { AGENT_PORT } from "./host-config.js";
import { attemptOf, belongsTo, workspaceFilter, type FoundLabels } from "./labels.js";

/** Seconds that a process has between SIGTERM and SIGKILL. */
const STOP_GRACE_SECONDS = 10;
/** Ms between two looks at a container that someone else is removing. */
const REMOVAL_POLL_MS = 50;

/** A container that this installation made for a workspace. */
export interface OwnContainer {
  readonly id: string;
  /** As the engine has it now; that of the workspace is given to one of its containers at a time. */
  readonly name: string;
  readonly attempt: number;
  /** The engine's word: `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
  readonly state: string;
  /** Where the agent's port is published, or null. */
  readonly url: string | null;
}

/** Finds and removes the containers of workspaces, by labels and exact ids only. */
export class Containers {
  readonly #engine: EngineClient;
  readonly #instanceId: string;
  readonly #clock: Clock;

  constructor(engine: EngineClient, instanceId: string, clock: Clock) {
    this.#engine = engine;
    this.#instanceId = instanceId;
    this.#clock = clock;
  }

  /** The workspace's containers as the engine lists them, newest attempt first. */
  async list(workspaceId: string, signal: AbortSignal): Promise<OwnContainer[]> {
    const filters = workspaceFilter(this.#instanceId, workspaceId);
    const listed = await this.#engine.call("list containers", signal, (docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    return listed
      .filter((each) => belongsTo(each.Labels, this.#instanceId, workspaceId))
      .map(fromList)
      .sort(newestFirst);
  }

  /**
   * As {@link list}, but takes it for the whole truth only where it holds the container of the workspace's name, or the
   * engine has none of that name: much hangs on an absence, and a list can be empty or partial by fault.
   */
  async find(workspaceId: string, signal: AbortSignal): Promise<OwnContainer[]> {
    const listed = await this.list(workspaceId, signal);
    const name = workspaceObjectName(workspaceId);
    return listed.some((each) => each.name === name)
      ? listed
      : await this.#addNamed(listed, name, workspaceId, signal);
  }

  /** As {@link find}, but of one attempt only; one that was set aside has a name of its own to be looked for by. */
  async findAttempt(workspaceId: string, attempt: number, signal: AbortSignal): Promise<OwnContainer[]> {
    const isAsked = (each: OwnContainer) => each.attempt === attempt;
    const found = (await this.find(workspaceId, signal)).filter(isAsked);
    if (found.length > 0) return found;
    const aside = await this.#addNamed([], asideName(workspaceId, attempt), workspaceId, signal);
    return aside.filter(isAsked);
  }

  /**
   * The container that has the workspace's name: ours, `foreign`, or null.
   */
  async named(workspaceId: string, signal: AbortSignal): Promise<OwnContainer | "foreign" | null> {
    return await this.#byName(workspaceObjectName(workspaceId), workspaceId, signal);
  }

  /** What the engine knows of a container; null when there is none. */
  async inspect(idOrName: string, signal: AbortSignal): Promise<Docker.ContainerInspectInfo | null> {
    try {
      return await this.#engine.call(
        `inspect the container ${shortId(idOrName)}`,
        signal,
        (docker, abortSignal) => docker.getContainer(idOrName).inspect({ abortSignal }),
      );
    } catch (error) {
      if (isRefusal(error, 404)) return null;
      throw error;
    }
  }

  /** Stops and removes all of them; what is gone already is fine. */
  async removeAll(containers: readonly OwnContainer[], { signal, log }: RuntimeCall): Promise<void> {
    await settleAll(
      containers.map(async (container) => {
        await this.stop(container, signal);
        await this.remove(container.id, signal);
        log.debug("container removed", { container: container.id, attempt: container.attempt });
      }),
    );
  }

  /** Removes one container, killing what still runs in it, and the anonymous volumes of its image. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.call(`remove the container ${shortId(id)}`, signal, (docker, abortSignal) =>
        docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
      );
    } catch (error) {
      if (isRefusal(error, 404)) return;
      if (!isRefusal(error, 409, /already in progress/)) throw error;
      await this.#gone(id, signal);
    }
  }

  /** Gives the workspace's name free: to the attempt that takes this one's place. The name is for people only. */
  async setAside(container: OwnContainer, workspaceId: string, signal: AbortSignal): Promise<void> {
    await this.rename(container.id, asideName(workspaceId, container.attempt), signal);
  }

  /** Names a container; the name that it has already is fine. */
  async rename(id: string, name: string, signal: AbortSignal): Promise<void> {
    const found = await this.inspect(id, signal);
    if (found === null || found.Name === `/${name}`) return;
    await this.#engine.call(`rename the container ${shortId(id)}`, signal, (docker, abortSignal) =>
      docker.getContainer(id).rename({ name, abortSignal }),
    );
  }

  /** Stops one container if it runs: SIGTERM, and SIGKILL after the grace. */
  async stop({ id, state }: OwnContainer, signal: AbortSignal): Promise<void> {
    if (state !== "running" && state !== "restarting" && state !== "paused") return;
    try {
      await this.#engine.call(`stop the container ${shortId(id)}`, signal, (docker, abortSignal) =>
        docker.getContainer(id).stop({ t: STOP_GRACE_SECONDS, abortSignal }),
      );
    } catch (error) {
      if (!isRefusal(error, 304) && !isRefusal(error, 404)) throw error;
    }
  }

  async #byName(
    name: string,
    workspaceId: string,
    signal: AbortSignal,
  ): Promise<OwnContainer | "foreign" | null> {
    const found = await this.inspect(name, signal);
    if (found === null) return null;
    return belongsTo(found.Config.Labels, this.#instanceId, workspaceId) ? fromInspect(found) : "foreign";
  }

  async #addNamed(
    listed: readonly OwnContainer[],
    name: string,
    workspaceId: string,
    signal: AbortSignal,
  ): Promise<OwnContainer[]> {
    const named = await this.#byName(name, workspaceId, signal);
    if (named === null || named === "foreign") return [...listed];
    // It may have been given the name since it was listed.
    return [...listed.filter(({ id }) => id !== named.id), named].sort(newestFirst);
  }

  async #gone(id: string, signal: AbortSignal): Promise<void> {
    while ((await this.inspect(id, signal)) !== null) await sleep(this.#clock, REMOVAL_POLL_MS, signal);
  }
}

/** Where the agent's port is published on the machine; null when it is not. */
export function publishedUrl(container: Docker.ContainerInspectInfo): string | null {
  const ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> =
    container.NetworkSettings.Ports;
  return urlOf(ports[`${AGENT_PORT}/tcp`]?.[0]?.HostPort);
}

/** The port of an agent as a list shows it. */
export function listedUrl({ Ports }: Pick<Docker.ContainerInfo, "Ports">): string | null {
  const port = Ports.find((each) => each.PrivatePort === AGENT_PORT && each.Type === "tcp");
  return urlOf(port?.PublicPort);
}

/** Of a container that has made place for another attempt. */
function asideName(workspaceId: string, attempt: number): string {
  return `${workspaceObjectName(workspaceId)}-attempt-${attempt}`;
}

function newestFirst(a: OwnContainer, b: OwnContainer): number {
  return b.attempt - a.attempt;
}

/** For messages: ids as Docker's own client shows them, names whole. */
function shortId(idOrName: string): string {
  return idOrName.startsWith("ws-") ? idOrName : idOrName.slice(0, 12);
}

function fromList(found: Docker.ContainerInfo): OwnContainer {
  const labels: FoundLabels = found.Labels;
  return {
    id: found.Id,
    name: plainName(found.Names[0] ?? ""),
    attempt: attemptOf(labels),
    state: found.State,
    url: listedUrl(found),
  };
}

/** A container that was looked at by itself; whether it is ours is the caller's to know. */
export function fromInspect(found: Docker.ContainerInspectInfo): OwnContainer {
  return {
    id: found.Id,
    name: plainName(found.Name),
    attempt: attemptOf(found.Config.Labels),
    state: found.State.Status,
    url: publishedUrl(found),
  };
}

/** The engine puts a slash before each. */
function plainName(name: string): string {
  return name.replace(/^\//, "");
}

function urlOf(port: string | number | undefined): string | null {
  return port === undefined || port === "" ? null : `http://127.0.0.1:${port}`;
}
