import {
  messageOf,
  type AttemptPresence,
  type ContainerReplacement,
  type ImageIdentity,
  type LaunchFile,
  type LaunchResult,
  type RuntimeCall,
} from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import { workspaceObjectName } from "../workspace-name.js";
import { publishedUrl, type OwnContainer } from "./containers.js";
import { isRefusal } from "./engine-errors.js";
import { fileOwner } from "./file-owner.js";
import { archiveFiles } from "./files.js";
import { optsOutOfRollouts } from "./labels.js";
import type { LaunchParts } from "./launch.js";

/** Replaces containers with a way back; which is which is told by the label of the attempt, never by name. */
export class DockerReplacement implements ContainerReplacement {
  readonly #parts: LaunchParts;

  constructor(parts: LaunchParts) {
    this.#parts = parts;
  }

  async observeAttempt(workspaceId: string, attempt: number, call: RuntimeCall): Promise<AttemptPresence> {
    try {
      const [container] = await this.#of(workspaceId, attempt, call);
      if (container === undefined) return { state: "absent" };
      const found = await this.#parts.containers.inspect(container.id, call.signal);
      if (found === null) return { state: "absent" };
      const { Running, Restarting, ExitCode, Status } = found.State;
      const running = Running && !Restarting;
      return {
        state: "present",
        running,
        handle: found.Id,
        exitCode: running || Status === "created" ? null : ExitCode,
        restarts: found.RestartCount,
        imageId: found.Image,
        optsOut: optsOutOfRollouts(found.Config.Labels),
      };
    } catch (error) {
      return { state: "unknown", reason: messageOf(error) };
    }
  }

  /** @throws an error of the engine */
  async stopKeeping(workspaceId: string, attempt: number, call: RuntimeCall): Promise<void> {
    const { containers } = this.#parts;
    for (const container of await this.#of(workspaceId, attempt, call)) {
      await containers.stop(container, call.signal);
      await containers.setAside(container, workspaceId, call.signal);
      call.log.debug("container stopped and kept", { container: container.id, attempt });
    }
  }

  /** @throws KEPT_CONTAINER_MISSING, or an error of the engine */
  async startKept(
    workspaceId: string,
    attempt: number,
    files: readonly LaunchFile[],
    call: RuntimeCall,
  ): Promise<LaunchResult> {
    const { containers, engine, clock, images } = this.#parts;
    const { signal } = call;
    const [container] = await this.#of(workspaceId, attempt, call);
    const kept = container === undefined ? null : await containers.inspect(container.id, signal);
    if (kept === null) throw runtimeErrors.KEPT_CONTAINER_MISSING({ workspaceId, attempt });
    const name = workspaceObjectName(workspaceId);
    await containers.rename(kept.Id, name, signal);
    if (files.length > 0) {
      // All of them lie in the volume of /configs: the root of tier 1 can't be written.
      const root = "/configs";
      const owner = await fileOwner(kept.Config.User, kept.Id, engine, call);
      const archive = await archiveFiles({ root, files }, owner, clock);
      await engine.call(`put files into the container ${name}`, signal, (docker, abortSignal) =>
        docker.getContainer(kept.Id).putArchive(archive, { path: root, abortSignal }),
      );
    }
    await this.#start(kept.Id, name, signal);
    const started = await containers.inspect(kept.Id, signal);
    return {
      handle: kept.Id,
      name,
      url: started === null ? null : publishedUrl(started),
      notices: [],
      image: (await images.identify(kept.Image, signal)) ?? { id: kept.Image, digest: null },
    };
  }

  /** @throws an error of the engine */
  async removeAttempt(workspaceId: string, attempt: number, call: RuntimeCall): Promise<void> {
    await this.#parts.containers.removeAll(await this.#of(workspaceId, attempt, call), call);
  }

  async identifyImage(reference: string, { signal }: RuntimeCall): Promise<ImageIdentity | null> {
    return await this.#parts.images.identify(reference, signal);
  }

  async #of(workspaceId: string, attempt: number, { signal }: RuntimeCall): Promise<OwnContainer[]> {
    return await this.#parts.containers.findAttempt(workspaceId, attempt, signal);
  }

  async #start(id: string, name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.engine.call(`start the container ${name}`, signal, (docker, abortSignal) =>
        docker.getContainer(id).start({ abortSignal }),
      );
    } catch (error) {
      // It runs already.
      if (!isRefusal(error, 304)) throw error;
    }
  }
}
