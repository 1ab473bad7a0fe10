import {
  messageOf,
  type Clock,
  type EngineContainer,
  type EngineInventory,
  type EngineListing,
  type EngineVolume,
  type RuntimeCall,
} from "@molecule/core";
import type Docker from "dockerode";
import { runtimeErrors } from "../../errors/runtimes.js";
import type { EngineClient } from "./client.js";
import { fromInspect, listedUrl, type Containers } from "./containers.js";
import { belongsTo, ownerOf, workspaceFacts, type FoundLabels } from "./labels.js";
import type { Volumes } from "./volumes.js";

/** Ms for a listing: a sweep has 30 s for all that it does, and comes again. */
const LIST_TIMEOUT_MS = 10_000;

/** What the inventory works with. */
export interface InventoryParts {
  readonly engine: EngineClient;
  readonly containers: Containers;
  readonly volumes: Volumes;
  readonly instanceId: string;
  readonly clock: Clock;
}

/** All containers and volumes of a Docker engine, and the removal of those that this installation made. */
export class DockerInventory implements EngineInventory {
  readonly #parts: InventoryParts;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  listContainers({ signal }: RuntimeCall): Promise<EngineListing<EngineContainer>> {
    return this.#listing(signal, (bound) => this.#containers(bound));
  }

  listVolumes({ signal }: RuntimeCall): Promise<EngineListing<EngineVolume>> {
    return this.#listing(signal, (bound) => this.#volumes(bound));
  }

  async now({ signal }: RuntimeCall): Promise<number> {
    const action = "tell its time";
    const info: unknown = await this.#within(signal, (bound) =>
      this.#parts.engine.call(action, bound, (docker) => docker.info()),
    );
    const told =
      typeof info === "object" && info !== null && "SystemTime" in info ? info.SystemTime : undefined;
    const now = typeof told === "string" ? Date.parse(told) : Number.NaN;
    if (Number.isNaN(now)) {
      throw runtimeErrors.ENGINE_REFUSED({ action, status: 200, reason: "its answer holds no SystemTime" });
    }
    return now;
  }

  async removeContainer({ id, workspaceId }: EngineContainer, call: RuntimeCall): Promise<void> {
    const { containers, instanceId } = this.#parts;
    const found = await containers.inspect(id, call.signal);
    if (found === null) return;
    if (workspaceId === null || !belongsTo(found.Config.Labels, instanceId, workspaceId)) {
      throw runtimeErrors.OBJECT_NOT_OURS({ kind: "container", id });
    }
    await containers.removeAll([fromInspect(found)], call);
  }

  async removeVolume({ id, workspaceId }: EngineVolume, call: RuntimeCall): Promise<void> {
    if (workspaceId === null) throw runtimeErrors.OBJECT_NOT_OURS({ kind: "volume", id });
    await this.#parts.volumes.removeOne(id, workspaceId, call);
  }

  async #listing<T extends EngineContainer | EngineVolume>(
    signal: AbortSignal,
    list: (bound: AbortSignal) => Promise<readonly T[]>,
  ): Promise<EngineListing<T>> {
    try {
      return { state: "known", objects: await this.#within(signal, list) };
    } catch (error) {
      return { state: "unknown", reason: messageOf(error) };
    }
  }

  /** Not filtered by label: what is not ours is to be counted. */
  async #containers(signal: AbortSignal): Promise<EngineContainer[]> {
    const listed = await this.#parts.engine.call("list all containers", signal, (docker, abortSignal) =>
      docker.listContainers({ all: true, abortSignal }),
    );
    return listed.map((each) => this.#container(each));
  }

  async #volumes(signal: AbortSignal): Promise<EngineVolume[]> {
    const listed = await this.#parts.engine.call("list all volumes", signal, (docker, abortSignal) =>
      docker.listVolumes({ abortSignal }),
    );
    const found: { readonly Volumes: readonly FoundVolume[] | null } = listed;
    return (found.Volumes ?? []).map((each) => this.#volume(each));
  }

  #container(found: Docker.ContainerInfo): EngineContainer {
    const labels: FoundLabels = found.Labels;
    return {
      kind: "container",
      id: found.Id,
      name: found.Names[0]?.replace(/^\//, "") ?? found.Id.slice(0, 12),
      owner: ownerOf(labels, this.#parts.instanceId),
      ...workspaceFacts(labels),
      createdAt: found.Created * 1000,
      state: stateOf(found.State),
      url: listedUrl(found),
    };
  }

  #volume({ Name, Labels, CreatedAt }: FoundVolume): EngineVolume {
    const createdAt = Date.parse(CreatedAt ?? "");
    return {
      kind: "volume",
      id: Name,
      name: Name,
      owner: ownerOf(Labels, this.#parts.instanceId),
      ...workspaceFacts(Labels),
      createdAt: Number.isNaN(createdAt) ? null : createdAt,
    };
  }

  async #within<T>(signal: AbortSignal, work: (bound: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    const cancelTimer = this.#parts.clock.timer(() => {
      own.abort(new Error(`the Docker engine did not answer within ${LIST_TIMEOUT_MS} ms`));
    }, LIST_TIMEOUT_MS);
    try {
      return await work(AbortSignal.any([signal, own.signal]));
    } finally {
      cancelTimer();
    }
  }
}

interface FoundVolume {
  readonly Name: string;
  readonly Labels: FoundLabels;
  /** RFC 3339. */
  readonly CreatedAt?: string;
}

/** A paused container lives; one that is being restarted or removed will soon be something else. */
function stateOf(state: string): EngineContainer["state"] {
  if (state === "running" || state === "paused") return "running";
  return state === "restarting" || state === "removing" ? "changing" : "stopped";
}
