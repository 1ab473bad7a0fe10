import type { EventLog } from "../storage/event-log.js";
import type { RolloutTarget } from "./rollouts.js";
import type { TemplateImage } from "./template-images.js";

/** Who asked for an image. */
export type Requester = RolloutTarget["requestedBy"];

/** How far a pull is, over all layers. */
export interface PullProgress {
  readonly layersDone: number;
  readonly layersTotal: number;
  /** Bytes of the layers whose size is known. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Tells canvases and commands how images come along; docs/operating.md lists the events. */
export class ImageEvents {
  readonly #events: Pick<EventLog, "transact" | "publish">;

  constructor(events: Pick<EventLog, "transact" | "publish">) {
    this.#events = events;
  }

  /** Not kept: what became of it is. */
  pulling(image: TemplateImage, digest: string, requestedBy: Requester): void {
    this.#publish("IMAGE_PULLING", { ...facts(image, digest), requested_by: requestedBy });
  }

  /** Not kept. */
  progress(image: TemplateImage, digest: string, progress: PullProgress): void {
    this.#publish("IMAGE_PULL_PROGRESS", {
      ...facts(image, digest),
      layers_done: progress.layersDone,
      layers_total: progress.layersTotal,
      bytes_done: progress.bytesDone,
      bytes_total: progress.bytesTotal,
    });
  }

  /** It is in the engine, verified. */
  pulled(image: TemplateImage, digest: string, imageId: string): Promise<void> {
    return this.#store("IMAGE_PULLED", { ...facts(image, digest), image_id: imageId });
  }

  /** All workspaces that were to get it have it. */
  refreshed(image: TemplateImage, digest: string, recreated: readonly string[]): Promise<void> {
    return this.#store("IMAGE_REFRESHED", { ...facts(image, digest), recreated });
  }

  /** It was not pulled, or did not stay in the workspaces. */
  failed(image: TemplateImage, digest: string | null, error: string): Promise<void> {
    return this.#store("IMAGE_REFRESH_FAILED", { ...facts(image, digest), error });
  }

  /** Nothing needed it any more. */
  removed(repository: string, digest: string): Promise<void> {
    return this.#store("IMAGE_REMOVED", { repository, digest });
  }

  #publish(type: string, payload: Readonly<Record<string, unknown>>): void {
    this.#events.publish({ type, workspaceId: null, payload });
  }

  #store(type: string, payload: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#events.transact((_, emit) => {
      emit({ type, workspaceId: null, payload });
      return Promise.resolve();
    });
  }
}

function facts({ runtime, reference }: TemplateImage, digest: string | null) {
  return { runtime, reference, digest };
}
