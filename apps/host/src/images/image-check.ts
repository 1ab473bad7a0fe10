import type { ImageCheck, ImageCheckCall, ImageCheckOutcome } from "@molecule/core";
import type { ImageDigestStore, RememberedImage } from "../storage/image-digest-store.js";
import { isOfRuntime, type EngineImages } from "./engine-images.js";
import type { Requester } from "./image-events.js";
import type { ImagePuller } from "./image-puller.js";
import { repositoryOf } from "./registry/reference.js";
import type { Observation, RegistryClient } from "./registry/registry-client.js";
import type { RolloutTracker } from "./rollout-tracker.js";
import type { Rollouts } from "./rollouts.js";
import type { TemplateImage } from "./template-images.js";

/** What checks are made from. */
export interface ImageCheckServices {
  readonly registry: RegistryClient;
  readonly engine: EngineImages;
  readonly digests: ImageDigestStore;
  readonly puller: ImagePuller;
  readonly tracker: RolloutTracker;
  readonly rollouts: Rollouts | null;
}

/** One look at the image of one runtime, and what follows from it. */
export class ImageChecks {
  readonly #services: ImageCheckServices;
  /** By runtime: with it the registry is asked while the memory is still being read. */
  readonly #lastSeen = new Map<string, Observation>();

  constructor(services: ImageCheckServices) {
    this.#services = services;
  }

  /** @throws as `WorkspaceImages.check` */
  async check(image: TemplateImage, requestedBy: Requester, call: ImageCheckCall): Promise<ImageCheck> {
    const { registry, digests, puller, tracker, rollouts } = this.#services;
    const { runtime, reference, parsed } = image;
    const { signal, dryRun } = call;
    // Before the memory is read: a rollout that ends in between has then been seen here, or there as arrived.
    const underWay = tracker.underWay(runtime);
    const remembering = digests.find(runtime, reference);
    const seen = this.#lastSeen.get(runtime) ?? (await remembering);
    const [remembered, observation] = await Promise.all([
      remembering,
      registry.observe(parsed, seen, signal),
    ]);
    this.#lastSeen.set(runtime, observation);
    const { digest, etag } = observation;
    const result = (outcome: ImageCheckOutcome): ImageCheck => ({ runtime, reference, digest, outcome });

    if (underWay === digest) return result("rolling-out");
    const settled = underWay === null && remembered?.pendingDigest === null ? remembered : null;
    if (settled?.digest === digest) return result("unchanged");
    if ((await rollouts?.isQuarantined(runtime, digest)) === true) {
      // It was on its way when its host died, and has been judged since.
      if (!dryRun) await digests.dropPending(runtime, reference, digest);
      return result("quarantined");
    }

    const platformDigest = await this.#platformDigest(image, digest, remembered, signal);
    const isOtherPlatforms = settled?.platformDigest === platformDigest;
    if (isOtherPlatforms || (remembered === null && !(await this.#isMissed(image, digest, signal)))) {
      if (!dryRun) await digests.arrive({ runtime, reference, digest, platformDigest, etag });
      return result(isOtherPlatforms ? "unchanged" : "seeded");
    }
    if (dryRun) return result("would-pull");
    const imageId = await puller.pull(image, digest, requestedBy, signal);
    // Another check may have been as far at the same time.
    if (tracker.underWay(runtime) === digest) return result("rolling-out");
    void tracker.start({ image, digest, platformDigest, etag, imageId, requestedBy });
    return result("pulled");
  }

  async #platformDigest(
    { parsed }: TemplateImage,
    digest: string,
    remembered: RememberedImage | null,
    signal: AbortSignal,
  ): Promise<string> {
    const { registry, engine } = this.#services;
    if (remembered?.digest === digest) return remembered.platformDigest;
    return registry.platformDigest(parsed, digest, await engine.platform(signal), signal);
  }

  /**
   * Whether, at the first look, something here is of another release than the registry's: it was published while
   * nobody looked. What was built here has no digest of a registry, and says nothing.
   */
  async #isMissed({ runtime, parsed }: TemplateImage, digest: string, signal: AbortSignal): Promise<boolean> {
    const { engine } = this.#services;
    const running = (await engine.containers(signal)).filter((each) => isOfRuntime(each, runtime, parsed));
    const tagged = `${repositoryOf(parsed)}:${parsed.tag ?? ""}`;
    for (const name of new Set([tagged, ...running.map(({ imageId }) => imageId)])) {
      const digests = (await engine.find(name, parsed, signal))?.digests ?? [];
      if (digests.length > 0 && !digests.includes(digest)) return true;
    }
    return false;
  }
}
