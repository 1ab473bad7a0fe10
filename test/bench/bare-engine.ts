import { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { WAIT_IMAGE } from "./wait-image.js";

/** The network that the host has made by the time of the first round. */
const NETWORK = "molecule-net";

/** The same engine calls as the host's docker runtime makes for a workspace of tier 2, and nothing else. */
export class BareEngine {
  readonly #docker: Docker;
  readonly #labels: Record<string, string>;

  constructor(docker: Docker, labels: Readonly<Record<string, string>>) {
    this.#docker = docker;
    this.#labels = { ...labels };
  }

  /** Image, older containers, image again, volumes made and checked, create, files, start, published port. */
  async provision(name: string): Promise<void> {
    const docker = this.#docker;
    const labels = { ...this.#labels, "molecule.bench.workspace": name };
    await docker.getImage(WAIT_IMAGE).inspect();
    await docker.listContainers({ all: true, filters: { label: [`molecule.bench.workspace=${name}`] } });
    await docker.getImage(WAIT_IMAGE).inspect();
    await Promise.all(
      [`${name}-configs`, `${name}-workspace`].map(async (volume) => {
        await docker.createVolume({ Name: volume, Labels: labels });
        await docker.getVolume(volume).inspect();
      }),
    );
    const container = await docker.createContainer({
      name,
      Image: WAIT_IMAGE,
      Labels: labels,
      ExposedPorts: { "8000/tcp": {} },
      HostConfig: {
        Binds: [`${name}-configs:/configs`, `${name}-workspace:/workspace`],
        PortBindings: { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
        RestartPolicy: { Name: "unless-stopped" },
        ExtraHosts: ["host.docker.internal:host-gateway"],
        NetworkMode: NETWORK,
        Memory: 512 * 1024 * 1024,
        NanoCpus: 1e9,
        PidsLimit: 512,
        SecurityOpt: ["no-new-privileges"],
      },
      NetworkingConfig: { EndpointsConfig: { [NETWORK]: { Aliases: [name] } } },
    });
    const files = pack();
    files.entry({ name: "configs/config.yaml" }, "name: bench\n");
    files.entry({ name: "configs/.auth_token", mode: 0o600 }, "x".repeat(43));
    files.entry({ name: "configs/bin/gh", mode: 0o755 }, "#".repeat(15_000));
    files.finalize();
    await container.putArchive(Readable.from(files), { path: "/" });
    await container.start();
    await container.inspect();
  }

  /** List, stop, remove, list volumes, remove them one after the other. */
  async remove(name: string): Promise<void> {
    const filters = { label: [`molecule.bench.workspace=${name}`] };
    for (const { Id } of await this.#docker.listContainers({ all: true, filters })) {
      const container = this.#docker.getContainer(Id);
      await container.stop({ t: 10 });
      await container.remove({ force: true, v: true });
    }
    const { Volumes } = await this.#docker.listVolumes({ filters });
    for (const volume of Volumes) await this.#docker.getVolume(volume.Name).remove();
  }
}
