import { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { WAIT_IMAGE } from "./wait-image.js";

/** Label of the peer's own objects; its value is their name. */
const LABEL = "molecule.bench.workspace";

/**
 * The same engine calls as the host's docker runtime makes for a workspace, with the same bodies, and nothing else.
 * The bodies are those of a container of the host's: a larger environment or another limit is other work for the
 * engine.
 */
export class BareEngine {
  readonly #docker: Docker;
  readonly #labels: Record<string, string>;
  readonly #model: Docker.ContainerInspectInfo;

  /** @param model what the engine tells of a container that the host has made */
  constructor(docker: Docker, labels: Readonly<Record<string, string>>, model: Docker.ContainerInspectInfo) {
    this.#docker = docker;
    this.#labels = { ...labels };
    this.#model = model;
  }

  /** Image, older containers, image again, volumes made and checked, create, files, start, published port. */
  async provision(name: string): Promise<void> {
    const docker = this.#docker;
    const { Config, HostConfig, NetworkSettings, Name } = this.#model;
    const labels = { ...this.#labels, [LABEL]: name };
    await docker.getImage(WAIT_IMAGE).inspect();
    await docker.listContainers({ all: true, filters: { label: [`${LABEL}=${name}`] } });
    await docker.getImage(WAIT_IMAGE).inspect();
    await Promise.all(
      [`${name}-configs`, `${name}-workspace`].map(async (volume) => {
        await docker.createVolume({ Name: volume, Labels: labels });
        await docker.getVolume(volume).inspect();
      }),
    );
    const hostConfig: unknown = JSON.parse(JSON.stringify(HostConfig).replaceAll(Name.slice(1), name));
    const networks = Object.keys(NetworkSettings.Networks);
    // In this form dockerode keeps the body out of the query, as the host does.
    const options = {
      abortSignal: new AbortController().signal,
      _query: { name },
      _body: {
        Image: WAIT_IMAGE,
        Labels: labels,
        Env: Config.Env,
        ExposedPorts: Config.ExposedPorts,
        HostConfig: hostConfig,
        NetworkingConfig: {
          EndpointsConfig: Object.fromEntries(networks.map((network) => [network, { Aliases: [name] }])),
        },
      },
    };
    const container = await docker.createContainer(options);
    const files = pack();
    files.entry({ name: "configs/config.yaml" }, "name: bench\n");
    files.entry({ name: "configs/.auth_token", mode: 0o600 }, "x".repeat(43));
    files.entry({ name: "configs/bin/gh", mode: 0o755 }, "#".repeat(15_000));
    files.finalize();
    await container.putArchive(Readable.from(files), { path: "/" });
    await container.start();
    await container.inspect();
  }

  /** Stop and start. */
  async restart(name: string): Promise<void> {
    const filters = { label: [`${LABEL}=${name}`] };
    const [found] = await this.#docker.listContainers({ all: true, filters });
    const container = this.#docker.getContainer(found?.Id ?? name);
    await container.stop({ t: 10 });
    await container.start();
  }

  /** List, stop, remove, list volumes, remove them side by side. */
  async remove(name: string): Promise<void> {
    const filters = { label: [`${LABEL}=${name}`] };
    for (const { Id } of await this.#docker.listContainers({ all: true, filters })) {
      const container = this.#docker.getContainer(Id);
      await container.stop({ t: 10 });
      await container.remove({ force: true, v: true });
    }
    const { Volumes } = await this.#docker.listVolumes({ filters });
    await Promise.all(Volumes.map((volume) => this.#docker.getVolume(volume.Name).remove()));
  }
}
