import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock, type WorkspaceTemplate } from "@molecule/core";
import { useEngine, type Engine } from "@molecule/test/support/engine.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import type Docker from "dockerode";
import { DockerRuntime } from "../../../dist/runtimes/docker/docker-runtime.js";
import type { FindLogin } from "../../../dist/runtimes/docker/pull.js";
import type { TierLimits } from "../../../dist/runtimes/docker/tiers.js";
import { PROBE_COMMAND } from "../probe.js";

/** No tier has a size of its own. */
export const DEFAULT_SIZES: TierLimits["sizes"] = {
  1: { memoryMb: null, cpuShares: null },
  2: { memoryMb: null, cpuShares: null },
  3: { memoryMb: null, cpuShares: null },
  4: { memoryMb: null, cpuShares: null },
};

/** What may differ from a plain installation. */
export interface InstallationOptions {
  readonly limits?: Partial<TierLimits>;
  /** `DOCKER_HOST`, in place of the engine's own. */
  readonly dockerHost?: string;
  readonly clock?: Clock;
  readonly manifestDir?: string;
  readonly findLogin?: FindLogin;
  readonly instanceId?: string;
}

/** An engine, and installations on it that are gone with {@link DockerWorld.cleanUp}. */
export class DockerWorld {
  readonly engine: Engine;
  readonly docker: Docker;
  /** Of {@link runtime}. */
  readonly instanceId: string;
  readonly runtime: DockerRuntime;
  /** Its image is built by whoever launches it first. */
  readonly template: WorkspaceTemplate;
  readonly #instances = new Set<string>();
  readonly #runtimes: DockerRuntime[] = [];
  readonly #images = new Set<string>();

  static async open(ctx: Mocha.Context): Promise<DockerWorld> {
    const engine = await useEngine(ctx);
    const folder = await tempDir();
    await writeFile(
      join(folder, "Dockerfile"),
      `FROM ${engine.busybox}\nENV LANG=C.UTF-8 FROM_IMAGE=yes\nCMD ${JSON.stringify(PROBE_COMMAND)}\n`,
    );
    return new DockerWorld(engine, folder);
  }

  private constructor(engine: Engine, buildContext: string) {
    this.engine = engine;
    this.docker = engine.docker;
    this.instanceId = randomUUID();
    this.runtime = this.installation({ instanceId: this.instanceId });
    this.template = { name: "probe", image: this.image("probe"), build: { context: buildContext } };
  }

  /** Another runtime on the same engine; of another installation unless told. */
  installation(options: InstallationOptions = {}): DockerRuntime {
    const instanceId = options.instanceId ?? randomUUID();
    const runtime = new DockerRuntime({
      instanceId,
      dockerEnv: {
        ...this.engine.env,
        ...(options.dockerHost === undefined ? {} : { DOCKER_HOST: options.dockerHost }),
      },
      limits: { allowPrivileged: false, sizes: DEFAULT_SIZES, ...options.limits },
      manifestDir: options.manifestDir ?? "/nowhere",
      findLogin: options.findLogin ?? (() => Promise.resolve(null)),
      clock: options.clock ?? systemClock,
    });
    this.#instances.add(instanceId);
    this.engine.ownInstance(instanceId);
    this.#runtimes.push(runtime);
    return runtime;
  }

  /** The name of an image that {@link cleanUp} removes when it is there. */
  image(name: string): string {
    const image = `molecule-test/${name}:${this.engine.runId.slice(0, 8)}`;
    this.#images.add(image);
    return image;
  }

  /** Ids of the workspace's containers as the engine itself tells them, whoever made them. */
  async containersOf(workspaceId: string): Promise<string[]> {
    const filters = { label: [`molecule.workspace.id=${workspaceId}`] };
    return (await this.docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
  }

  /** Names of the workspace's volumes, likewise. */
  async volumesOf(workspaceId: string): Promise<string[]> {
    const filters = { label: [`molecule.workspace.id=${workspaceId}`] };
    return (await this.docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name).sort();
  }

  /** The only container of the workspace. */
  async inspect(workspaceId: string): Promise<Docker.ContainerInspectInfo> {
    const [id, ...others] = await this.containersOf(workspaceId);
    expect(others, "containers of one workspace").to.deep.equal([]);
    return await this.docker.getContainer(id ?? "none").inspect();
  }

  /** Removes what tests have left, by the labels of the installations. */
  async removeRemains(): Promise<void> {
    for (const instance of this.#instances) {
      const filters = { label: [`molecule.platform.instance=${instance}`] };
      for (const { Id } of await this.docker.listContainers({ all: true, filters })) {
        await this.docker.getContainer(Id).remove({ force: true, v: true });
      }
      for (const { Name } of (await this.docker.listVolumes({ filters })).Volumes) {
        await this.docker.getVolume(Name).remove();
      }
    }
  }

  /** Ends everything, and checks that nothing is left. */
  async cleanUp(): Promise<void> {
    await this.removeRemains();
    for (const runtime of this.#runtimes) await runtime.close();
    for (const image of this.#images) {
      const there = await this.docker.listImages({ filters: { reference: [image] } });
      if (there.length > 0) await this.docker.getImage(image).remove({ force: true });
    }
    for (const instance of this.#instances) {
      const filters = { label: [`molecule.platform.instance=${instance}`] };
      expect(await this.docker.listContainers({ all: true, filters })).to.deep.equal([]);
      expect((await this.docker.listVolumes({ filters })).Volumes).to.deep.equal([]);
    }
  }
}
