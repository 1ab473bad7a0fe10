import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import type { ModelEngine } from "./engines/model-engine.js";

const MANAGED = "molecule.platform.managed";
const INSTANCE = "molecule.platform.instance";
const WORKSPACE = "molecule.workspace.id";
const ATTEMPT = "molecule.workspace.attempt";

/** A container of a workspace as the engine tells it. */
export interface FoundContainer {
  readonly id: string;
  readonly workspaceId: string;
  readonly attempt: number;
  readonly running: boolean;
  /** Where its agent is published; null while it is not. */
  readonly url: string | null;
}

/** A volume of a workspace, likewise. */
export interface FoundVolume {
  readonly workspaceId: string;
  /** Its name and, where the engine tells, when it was made: one that was made again is another one. */
  readonly key: string;
}

/** What there is in the engine of one installation, and beside it; asked past all faults. */
export class EngineView {
  readonly #engine: ModelEngine;
  readonly #docker: Docker;
  readonly #instanceId: string;

  constructor(engine: ModelEngine, instanceId: string) {
    this.#engine = engine;
    this.#docker = engine.docker;
    this.#instanceId = instanceId;
  }

  async containers(): Promise<FoundContainer[]> {
    const listed = await this.#docker.listContainers({ all: true, filters: this.#own() });
    return listed.map(({ Id, Labels, State, Ports }) => ({
      id: Id,
      workspaceId: Labels[WORKSPACE] ?? "",
      attempt: Number(Labels[ATTEMPT]),
      running: State === "running",
      url: urlOf(Ports),
    }));
  }

  async volumes(): Promise<FoundVolume[]> {
    return (await this.#listVolumes(this.#own())).map((volume) => ({
      workspaceId: volume.Labels[WORKSPACE] ?? "",
      key:
        this.#engine.datesVolumes && "CreatedAt" in volume
          ? `${volume.Name} of ${String(volume.CreatedAt)}`
          : volume.Name,
    }));
  }

  /** What was made by {@link addBystanders}, with whether it runs. */
  async bystanders(): Promise<string[]> {
    const containers = await this.#docker.listContainers({ all: true, filters: this.#madeByHand() });
    const volumes = await this.#listVolumes(this.#madeByHand());
    return [
      ...containers
        .filter(({ Labels }) => Labels[INSTANCE] !== this.#instanceId)
        .map(({ Id, State }) => `${Id} ${State}`),
      ...volumes.filter(({ Labels }) => Labels[INSTANCE] !== this.#instanceId).map(({ Name }) => Name),
    ].sort();
  }

  /** Another installation's container and volume, a person's container with a workspace's name, one of a stranger. */
  async addBystanders(): Promise<void> {
    const { image: Image, labels } = this.#engine;
    const foreign = {
      ...labels,
      [MANAGED]: "true",
      [INSTANCE]: randomUUID(),
      [WORKSPACE]: randomUUID(),
      [ATTEMPT]: "1",
    };
    const lasting = { Image, HostConfig: { RestartPolicy: { Name: "unless-stopped" } } };
    const [another, person, stranger] = [randomUUID(), randomUUID(), randomUUID()];
    const made = [
      await this.#docker.createContainer({ ...lasting, name: workspaceName(another), Labels: foreign }),
      await this.#docker.createContainer({ ...lasting, name: workspaceName(person), Labels: labels }),
      await this.#docker.createContainer({ ...lasting, name: `database-${stranger}`, Labels: labels }),
    ];
    for (const each of made) await each.start();
    await this.#docker.createVolume({ Name: `${workspaceName(another)}-configs`, Labels: foreign });
    await this.#docker.createVolume({ Name: `${workspaceName(person)}-configs`, Labels: labels });
  }

  /**
   * Makes a container and a volume of a workspace of this installation that has no row.
   * @returns when the engine made them, ms since the epoch
   */
  async plant(workspaceId: string): Promise<number> {
    const { image, labels } = this.#engine;
    const Labels = {
      ...labels,
      [MANAGED]: "true",
      [INSTANCE]: this.#instanceId,
      [WORKSPACE]: workspaceId,
      [ATTEMPT]: "1",
    };
    const name = workspaceName(workspaceId);
    await this.#docker.createVolume({ Name: `${name}-configs`, Labels });
    const container = await this.#docker.createContainer({ name, Image: image, Labels });
    return Date.parse((await container.inspect()).Created);
  }

  /**
   * As somebody does at the engine's own client.
   * @returns false where it was being stopped already
   */
  async kill(containerId: string): Promise<boolean> {
    return await unlessRefused([404, 409], this.#docker.getContainer(containerId).kill());
  }

  /** The token that a container's agent finds in its files; null where there is none. */
  async token(containerId: string): Promise<string | null> {
    return (await this.#engine.readFile(containerId, "/configs/.auth_token"))?.trim() ?? null;
  }

  /** Takes away all that the installation has; what a stop that is under way takes away itself is fine. */
  async clear(): Promise<void> {
    for (const { id } of await this.containers()) {
      await unlessRefused([404], this.#docker.getContainer(id).remove({ force: true }));
    }
    for (const { Name } of await this.#listVolumes(this.#own())) {
      await unlessRefused([404], this.#docker.getVolume(Name).remove());
    }
  }

  #own(): { label: string[] } {
    return { label: [`${INSTANCE}=${this.#instanceId}`, WORKSPACE] };
  }

  #madeByHand(): { label: string[] } {
    return { label: Object.entries(this.#engine.labels).map(([key, value]) => `${key}=${value}`) };
  }

  async #listVolumes(filters: { label: string[] }): Promise<Docker.VolumeInspectInfo[]> {
    const listed: { readonly Volumes: Docker.VolumeInspectInfo[] | null } = await this.#docker.listVolumes({
      filters,
    });
    return listed.Volumes ?? [];
  }
}

/** Of the port that agents listen on. */
function urlOf(ports: readonly Docker.Port[]): string | null {
  const published = ports.find(({ PrivatePort }) => PrivatePort === 8000)?.PublicPort;
  return published === undefined ? null : `http://127.0.0.1:${published}`;
}

function workspaceName(workspaceId: string): string {
  return `ws-${workspaceId.slice(0, 12)}`;
}

/** @returns false where the engine has refused it with one of these */
async function unlessRefused(statuses: readonly unknown[], work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    const isExpected = error instanceof Error && "statusCode" in error && statuses.includes(error.statusCode);
    if (!isExpected) throw error;
    return false;
  }
}
