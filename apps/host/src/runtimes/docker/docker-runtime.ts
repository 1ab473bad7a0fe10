import {
  messageOf,
  type Clock,
  type ContainerRuntime,
  type EngineInventory,
  type LaunchedWith,
  type LaunchResult,
  type LaunchSpec,
  type Presence,
  type RuntimeCall,
  type RuntimeHealth,
  type WorkspaceTemplate,
} from "@molecule/core";
import { EngineClient } from "./client.js";
import { PLATFORM_HOST } from "./host-config.js";
import { Containers, type OwnContainer } from "./containers.js";
import { readEndpoint, type DockerEnv } from "./endpoint.js";
import { isRefusal } from "./engine-errors.js";
import { readFile } from "./read-file.js";
import { DockerInventory } from "./inventory.js";
import { Images } from "./images.js";
import { DockerLaunch, type LaunchParts } from "./launch.js";
import { demultiplex } from "./log-frames.js";
import { Network } from "./network.js";
import { DockerReplacement } from "./replacement.js";
import type { FindLogin } from "./pull.js";
import type { TierLimits } from "./tiers.js";
import { Volumes } from "./volumes.js";

/** What the docker runtime is made from. */
export interface DockerRuntimeOptions {
  /** Of this installation; stamped on every object of the engine. */
  readonly instanceId: string;
  readonly dockerEnv: DockerEnv;
  readonly limits: TierLimits;
  /** The manifest's folder, which build contexts are relative to. Absolute. */
  readonly manifestDir: string;
  /** For the registries that images which are missing are pulled from. */
  readonly findLogin: FindLogin;
  readonly clock: Clock;
}

/** Runs workspaces as containers of a Docker engine. */
export class DockerRuntime implements ContainerRuntime {
  readonly kind = "docker";
  readonly platformHost = PLATFORM_HOST;
  readonly replacement: DockerReplacement;
  readonly inventory: EngineInventory;
  readonly #engine: EngineClient;
  readonly #parts: LaunchParts;

  /** @throws DOCKER_HOST_REFUSED, DOCKER_CERTIFICATES_UNREADABLE */
  constructor({ instanceId, dockerEnv, limits, manifestDir, findLogin, clock }: DockerRuntimeOptions) {
    const engine = new EngineClient(readEndpoint(dockerEnv), clock);
    this.#engine = engine;
    this.#parts = {
      engine,
      containers: new Containers(engine, instanceId, clock),
      images: new Images({ engine, findLogin }, manifestDir),
      network: new Network(engine, instanceId),
      volumes: new Volumes(engine, instanceId),
      instanceId,
      limits,
      clock,
    };
    this.replacement = new DockerReplacement(this.#parts);
    this.inventory = new DockerInventory({ ...this.#parts });
  }

  async check(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      await this.#engine.call("answer a ping", signal, (docker) => docker.ping());
      const { version, apiVersion } = await this.#engine.facts(signal);
      return { available: true, detail: `engine ${version} at ${this.#engine.address}, API ${apiVersion}` };
    } catch (error) {
      return { available: false, reason: messageOf(error) };
    }
  }

  fileRoot(): string {
    return "";
  }

  /** @throws TEMPLATE_INCOMPLETE, IMAGE_BUILD_FAILED, IMAGE_PULL_FAILED, or an error of the engine */
  async baseEnvironment(
    template: WorkspaceTemplate,
    call: RuntimeCall,
    { localOnly }: { readonly localOnly: boolean } = { localOnly: false },
  ): Promise<Readonly<Record<string, string>>> {
    const { images } = this.#parts;
    return localOnly
      ? images.localEnvironment(template, call.signal)
      : (await images.ensure(template, call)).env;
  }

  /**
   * @throws ATTEMPT_ALREADY_STARTED, LAUNCH_FILE_REFUSED, CONTAINER_NAME_TAKEN, VOLUME_NAME_TAKEN, those of
   * {@link baseEnvironment}, or an error of the engine
   */
  async launch(spec: LaunchSpec, call: RuntimeCall): Promise<LaunchResult> {
    return await new DockerLaunch(this.#parts, spec, call).run();
  }

  async observe(workspaceId: string, { signal }: RuntimeCall): Promise<Presence> {
    try {
      for (const container of await this.#parts.containers.find(workspaceId, signal)) {
        const presence = await this.#presence(container, signal);
        if (presence !== null) return presence;
      }
      return { state: "absent" };
    } catch (error) {
      return { state: "unknown", reason: messageOf(error) };
    }
  }

  async stop(workspaceId: string, call: RuntimeCall & { readonly upToAttempt?: number }): Promise<void> {
    const { containers } = this.#parts;
    const found = await containers.find(workspaceId, call.signal);
    const upTo = call.upToAttempt ?? Infinity;
    await containers.removeAll(
      found.filter(({ attempt }) => attempt <= upTo),
      call,
    );
  }

  /** @throws VOLUME_IN_USE, or an error of the engine */
  async removeVolumes(workspaceId: string, call: RuntimeCall): Promise<void> {
    await this.#parts.volumes.removeAll(workspaceId, call);
  }

  async logs(workspaceId: string, lines: number, { signal }: RuntimeCall): Promise<string | null> {
    const [newest] = await this.#parts.containers.find(workspaceId, signal);
    if (newest === undefined) return null;
    try {
      const log = await this.#engine.call("read a container's log", signal, (docker, abortSignal) =>
        docker.getContainer(newest.id).logs({ stdout: true, stderr: true, tail: lines, abortSignal }),
      );
      return demultiplex(log);
    } catch (error) {
      if (isRefusal(error, 404)) return null;
      throw error;
    }
  }

  async launchedWith(
    workspaceId: string,
    files: readonly string[],
    { signal }: RuntimeCall,
  ): Promise<LaunchedWith | null> {
    const [newest] = await this.#parts.containers.find(workspaceId, signal);
    const found = newest === undefined ? null : await this.#parts.containers.inspect(newest.id, signal);
    if (found === null) return null;
    const texts: Record<string, string> = {};
    for (const path of files) {
      const text = await readFile(this.#engine, found.Id, path, signal);
      if (text !== null) texts[path] = text;
    }
    const env = found.Config.Env.map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    });
    return { env: Object.fromEntries(env), files: texts };
  }

  close(): Promise<void> {
    this.#engine.close();
    return Promise.resolve();
  }

  /** Null when the container has gone since it was listed. */
  async #presence(container: OwnContainer, signal: AbortSignal): Promise<Presence | null> {
    const { id: handle, attempt, url } = container;
    if (container.state === "running") {
      return { state: "present", running: true, attempt, handle, exitCode: null, url };
    }
    const found = await this.#parts.containers.inspect(handle, signal);
    if (found === null) return null;
    const { Running, Restarting, ExitCode } = found.State;
    const running = Running && !Restarting;
    return {
      state: "present",
      running,
      attempt,
      handle,
      exitCode: running || container.state === "created" ? null : ExitCode,
      url,
    };
  }
}
