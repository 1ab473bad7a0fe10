import { imageErrors } from "../errors/images.js";
import type { EngineClient } from "../runtimes/docker/client.js";
import { isRefusal } from "../runtimes/docker/engine-errors.js";
import { instanceFilter, runtimeOf } from "../runtimes/docker/labels.js";
import type { LayerProgress } from "../runtimes/docker/progress.js";
import { pullImage, type PullServices } from "../runtimes/docker/pull.js";
import type { Platform } from "./registry/manifest.js";
import { parseReference, repositoryOf, type ImageReference } from "./registry/reference.js";

/** A container of this installation, as far as its image goes. */
export interface FoundContainer {
  readonly name: string;
  /** The workspace template; null where no label says. */
  readonly runtime: string | null;
  readonly imageId: string;
  /** The reference that it was made from; an id where the engine has lost that. */
  readonly image: string;
}

/** An image in the engine. */
export interface LocalImage {
  readonly id: string;
  /** Digests that registries gave it, under one repository. */
  readonly digests: readonly string[];
}

/** What is pulled, and who hears of it. */
export interface PullRequest {
  readonly reference: ImageReference;
  readonly digest: string;
  readonly onLayer: (progress: LayerProgress) => void;
}

/** The engine's images, and the containers that run them. */
export class EngineImages {
  readonly #pulls: PullServices;
  readonly #engine: EngineClient;
  readonly #instanceId: string;

  constructor(pulls: PullServices, instanceId: string) {
    this.#pulls = pulls;
    this.#engine = pulls.engine;
    this.#instanceId = instanceId;
  }

  /** @throws those of {@link EngineClient.facts} */
  async platform(signal: AbortSignal): Promise<Platform> {
    return (await this.#engine.facts(signal)).platform;
  }

  /**
   * Pulls an image by its digest and looks whether the engine has that very one now.
   * @returns its id in the engine
   * @throws IMAGE_NOT_PULLED, IMAGE_DIGEST_DIFFERS, and those of {@link pullImage}
   */
  async pull({ reference, digest, onLayer }: PullRequest, signal: AbortSignal): Promise<string> {
    const name = `${repositoryOf(reference)}@${digest}`;
    const failure = await pullImage(this.#pulls, name, signal, onLayer);
    const text = textOf(reference);
    if (failure !== null) {
      throw imageErrors.IMAGE_NOT_PULLED({ reference: text, digest, reason: failure.reason });
    }
    const pulled = await this.find(name, reference, signal);
    if (pulled?.digests.includes(digest) === true) return pulled.id;
    throw imageErrors.IMAGE_DIGEST_DIFFERS({ reference: text, asked: digest, found: pulled?.digests ?? [] });
  }

  /** Gives the pulled image the template's tag, which new workspaces are made from. */
  async tag(imageId: string, reference: ImageReference, signal: AbortSignal): Promise<void> {
    const { tag } = reference;
    if (tag === null) return;
    await this.#engine.call(`tag the image ${textOf(reference)}`, signal, (docker) =>
      docker.getImage(imageId).tag({ repo: repositoryOf(reference), tag }),
    );
  }

  /** The image of this name or id; null when the engine does not have it. */
  async find(name: string, reference: ImageReference, signal: AbortSignal): Promise<LocalImage | null> {
    try {
      const found = await this.#engine.call(`inspect the image ${name}`, signal, (docker) =>
        docker.getImage(name).inspect(),
      );
      // The engine answers null for an image that was built here.
      const names: { readonly RepoDigests?: readonly string[] | null } = found;
      return { id: found.Id, digests: digestsUnder(names.RepoDigests ?? [], repositoryOf(reference)) };
    } catch (error) {
      if (isRefusal(error, 404)) return null;
      throw error;
    }
  }

  /**
   * The containers of this installation's workspaces.
   * @throws those of {@link EngineClient.call}
   */
  async containers(signal: AbortSignal): Promise<FoundContainer[]> {
    const found = await this.#engine.call("list containers", signal, (docker) =>
      docker.listContainers({ all: true, filters: instanceFilter(this.#instanceId) }),
    );
    return found.map(({ Names, Labels, Image, ImageID }) => ({
      name: (Names[0] ?? "").replace(/^\//, ""),
      runtime: runtimeOf(Labels),
      imageId: ImageID,
      image: Image,
    }));
  }

  /**
   * Removes an image by its digest; absent is success.
   * @returns false when the engine keeps it, since a container is made from it
   */
  async remove(reference: ImageReference, digest: string, signal: AbortSignal): Promise<boolean> {
    const name = `${repositoryOf(reference)}@${digest}`;
    try {
      await this.#engine.call(`remove the image ${name}`, signal, (docker) => docker.getImage(name).remove());
      return true;
    } catch (error) {
      if (isRefusal(error, 404)) return true;
      if (isRefusal(error, 409)) return false;
      throw error;
    }
  }
}

/** Whether a container is of a runtime: by its label, else by the exact repository of its image (api.md §9). */
export function isOfRuntime(container: FoundContainer, runtime: string, reference: ImageReference): boolean {
  if (container.runtime !== null) return container.runtime === runtime;
  try {
    return repositoryOf(parseReference(container.image)) === repositoryOf(reference);
  } catch {
    return false;
  }
}

function digestsUnder(names: readonly string[], repository: string): string[] {
  return names.flatMap((name) => {
    const [place = "", digest = ""] = name.split("@");
    try {
      return repositoryOf(parseReference(place)) === repository ? [digest] : [];
    } catch {
      return [];
    }
  });
}

function textOf(reference: ImageReference): string {
  return `${repositoryOf(reference)}${reference.tag === null ? "" : `:${reference.tag}`}`;
}
