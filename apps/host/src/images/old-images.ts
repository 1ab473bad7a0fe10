import type { ImageCheckCall } from "@molecule/core";
import type { ImageDigestStore } from "../storage/image-digest-store.js";
import type { PulledImage, PulledImageStore } from "../storage/pulled-image-store.js";
import type { EngineImages } from "./engine-images.js";
import type { ImageEvents } from "./image-events.js";
import { parseReference } from "./registry/reference.js";
import type { Rollouts } from "./rollouts.js";

/** What the removal of old images is made from. */
export interface OldImagesServices {
  readonly engine: EngineImages;
  readonly digests: ImageDigestStore;
  readonly pulled: PulledImageStore;
  readonly rollouts: Rollouts | null;
  readonly events: ImageEvents;
}

/** Removes images that this host pulled and that nothing has run or remembered for the keep time. */
export class OldImages {
  readonly #services: OldImagesServices;
  readonly #keepDays: number | null;

  constructor(services: OldImagesServices, keepDays: number | null) {
    this.#services = services;
    this.#keepDays = keepDays;
  }

  /** @returns what was removed, or would be in a dry run; nothing without a keep time */
  async remove({ signal, dryRun, log }: ImageCheckCall): Promise<string[]> {
    const { engine, pulled, events } = this.#services;
    if (this.#keepDays === null) return [];
    const all = await pulled.all(this.#keepDays);
    if (all.length === 0) return [];
    const isNeeded = await this.#neededNow(signal);
    if (!dryRun) await pulled.keep(all.filter(isNeeded));
    const removed: string[] = [];
    for (const image of all.filter((each) => each.isOld && !isNeeded(each))) {
      const name = `${image.repository}@${image.digest}`;
      if (!dryRun) {
        if (!(await engine.remove(parseReference(name), image.digest, signal))) continue;
        await pulled.forget(image);
        await events.removed(image.repository, image.digest);
        log.info(`removed the old image ${name}`);
      }
      removed.push(name);
    }
    return removed;
  }

  /** By what runs (stopped containers count), by what is remembered, and by what starts and rollouts may go back to. */
  async #neededNow(signal: AbortSignal): Promise<(image: PulledImage) => boolean> {
    const { engine, digests, rollouts } = this.#services;
    const ids = new Set((await engine.containers(signal)).map(({ imageId }) => imageId));
    const names = new Set<string | null>();
    for (const { digest, pendingDigest } of await digests.all()) names.add(digest).add(pendingDigest);
    for (const { imageId, digest } of (await rollouts?.kept()) ?? []) {
      if (imageId !== null) ids.add(imageId);
      names.add(digest);
    }
    return ({ imageId, digest }) => ids.has(imageId) || names.has(digest);
  }
}
