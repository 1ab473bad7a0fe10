import { isCodedError, messageOf } from "@molecule/core";
import { imageErrors } from "../errors/images.js";
import type { ImageDigestStore } from "../storage/image-digest-store.js";
import type { EngineImages } from "./engine-images.js";
import type { ImagePuller } from "./image-puller.js";
import type { RegistryClient } from "./registry/registry-client.js";
import type { Arrival, RolloutTracker } from "./rollout-tracker.js";
import type { Rollouts } from "./rollouts.js";
import type { TemplateImage } from "./template-images.js";

/** What a refresh did; api.md §9. Runtimes, but for the names of containers in the last two lists. */
export interface RefreshReport {
  readonly pulled: readonly string[];
  readonly failed: readonly string[];
  readonly recreated: readonly string[];
  readonly rolled_back: readonly string[];
  /** Why, by runtime: of those that failed, and of those whose image was pulled and did not stay. */
  readonly errors: Readonly<Record<string, string>>;
}

/** What a refresh is made from. */
export interface ImageRefreshServices {
  readonly registry: RegistryClient;
  readonly engine: EngineImages;
  readonly digests: ImageDigestStore;
  readonly puller: ImagePuller;
  readonly tracker: RolloutTracker;
  readonly rollouts: Rollouts | null;
}

/** Pulls images because somebody asked, and rolls them out. */
export class ImageRefresh {
  readonly #services: ImageRefreshServices;

  constructor(services: ImageRefreshServices) {
    this.#services = services;
  }

  /**
   * Brings each image up to date; one that fails stops no other. Waits for the rollouts.
   * @throws IMAGE_CONTAINERS_NOT_LISTED with the report so far
   */
  async run(
    images: readonly TemplateImage[],
    options: { readonly recreate: boolean },
    signal: AbortSignal,
  ): Promise<RefreshReport> {
    const arrivals: Arrival[] = [];
    const errors: Record<string, string> = {};
    const failed: string[] = [];
    await Promise.all(
      images.map(async (image) => {
        try {
          arrivals.push(await this.#pull(image, signal));
        } catch (error) {
          failed.push(image.runtime);
          errors[image.runtime] = messageOf(error);
        }
      }),
    );
    const order = images.map(({ runtime }) => runtime);
    const report = {
      pulled: inOrder(
        order,
        arrivals.map(({ image }) => image.runtime),
      ),
      failed: inOrder(order, failed),
      recreated: [],
      rolled_back: [],
      errors,
    };
    if (!options.recreate || arrivals.length === 0) return report;
    await this.#assertListable(report, signal);
    return await this.#rollOut(arrivals, report);
  }

  async #pull(image: TemplateImage, signal: AbortSignal): Promise<Arrival> {
    const { registry, engine, digests, puller } = this.#services;
    const { runtime, reference, parsed, source } = image;
    if (source === "built") throw imageErrors.IMAGE_NOT_FROM_REGISTRY({ runtime });
    const remembered = await digests.find(runtime, reference);
    const { digest, etag } = await registry.observe(parsed, remembered, signal);
    const platformDigest =
      remembered?.digest === digest
        ? remembered.platformDigest
        : await registry.platformDigest(parsed, digest, await engine.platform(signal), signal);
    const imageId = await puller.pull(image, digest, "refresh", signal);
    return { image, digest, platformDigest, etag, imageId, requestedBy: "refresh" };
  }

  /** An engine that can't tell what runs is not the place to replace anything. */
  async #assertListable(report: RefreshReport, signal: AbortSignal): Promise<void> {
    try {
      await this.#services.engine.containers(signal);
    } catch (error) {
      throw imageErrors.IMAGE_CONTAINERS_NOT_LISTED(
        { reason: messageOf(error), partial_result: report },
        { cause: error },
      );
    }
  }

  async #rollOut(arrivals: readonly Arrival[], report: RefreshReport): Promise<RefreshReport> {
    const { rollouts, digests, tracker } = this.#services;
    const recreated: string[] = [];
    const rolledBack: string[] = [];
    const errors: Record<string, string> = { ...report.errors };
    await Promise.all(
      arrivals.map(async (arrival) => {
        const { runtime, reference } = arrival.image;
        const { digest } = arrival;
        try {
          if ((await rollouts?.isQuarantined(runtime, digest)) === true) {
            // It was on its way when its host died, and has been judged since.
            await digests.dropPending(runtime, reference, digest);
            throw imageErrors.IMAGE_QUARANTINED({ reference, digest });
          }
          const outcome = await tracker.start(arrival);
          recreated.push(...outcome.recreated);
          rolledBack.push(...outcome.rolledBack);
          if (outcome.verdict !== "completed") {
            const reason = outcome.error ?? "see the events";
            throw imageErrors.IMAGE_ROLLOUT_ENDED({ reference, verdict: outcome.verdict, reason });
          }
        } catch (error) {
          errors[runtime] = isCodedError(error) ? error.message : "it failed for an internal reason";
        }
      }),
    );
    return { ...report, recreated, rolled_back: rolledBack, errors };
  }
}

function inOrder(order: readonly string[], some: readonly string[]): string[] {
  return order.filter((each) => some.includes(each));
}
