import { messageOf, type Clock } from "@molecule/core";
import { SharedWork } from "../runtimes/docker/shared-work.js";
import type { PulledImageStore } from "../storage/pulled-image-store.js";
import { Limiter } from "../workspaces/limiter.js";
import type { EngineImages } from "./engine-images.js";
import type { ImageEvents, Requester } from "./image-events.js";
import { PullProgressMeter } from "./pull-progress.js";
import { repositoryOf } from "./registry/reference.js";
import type { TemplateImage } from "./template-images.js";

/** Pulls at a time: each downloads several layers at once by itself, and the disk takes them one by one. */
const PULLS_AT_A_TIME = 3;

/** What a puller is made from. */
export interface ImagePullerServices {
  readonly engine: EngineImages;
  readonly pulled: PulledImageStore;
  readonly events: ImageEvents;
  readonly clock: Clock;
}

/** Brings images into the engine: pulled by digest, verified, then given the template's tag. */
export class ImagePuller {
  readonly #services: ImagePullerServices;
  readonly #limiter = new Limiter(PULLS_AT_A_TIME);
  readonly #running = new SharedWork<string>();

  constructor(services: ImagePullerServices) {
    this.#services = services;
  }

  /**
   * Pulls one image; several who want it at once share one pull. A failure is told as an event too.
   * @returns its id in the engine
   * @throws IMAGE_NOT_PULLED, IMAGE_DIGEST_DIFFERS, an error of the engine; the reason of `signal`
   */
  async pull(
    image: TemplateImage,
    digest: string,
    requestedBy: Requester,
    signal: AbortSignal,
  ): Promise<string> {
    const { engine } = this.#services;
    const key = `${repositoryOf(image.parsed)}@${digest}`;
    const imageId = await this.#running.join(key, signal, (shared) =>
      this.#limiter.run(() => this.#pull(image, digest, requestedBy, shared)),
    );
    // Two templates may name one image by different tags.
    await engine.tag(imageId, image.parsed, signal);
    return imageId;
  }

  async #pull(
    image: TemplateImage,
    digest: string,
    requestedBy: Requester,
    signal: AbortSignal,
  ): Promise<string> {
    signal.throwIfAborted();
    const { engine, pulled, events, clock } = this.#services;
    events.pulling(image, digest, requestedBy);
    const meter = new PullProgressMeter(clock, (progress) => {
      events.progress(image, digest, progress);
    });
    const request = {
      reference: image.parsed,
      digest,
      onLayer: meter.take.bind(meter),
    };
    try {
      const wasThere = await engine.find(`${repositoryOf(image.parsed)}@${digest}`, image.parsed, signal);
      const imageId = await engine.pull(request, signal);
      // One that was there is somebody else's, who may want to keep it.
      if (wasThere === null) {
        await pulled.add({ repository: repositoryOf(image.parsed), digest, imageId });
      }
      await events.pulled(image, digest, imageId);
      return imageId;
    } catch (error) {
      if (!signal.aborted) await events.failed(image, digest, messageOf(error));
      throw error;
    }
  }
}
