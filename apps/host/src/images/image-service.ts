import {
  messageOf,
  type ImageCheck,
  type ImageCheckCall,
  type Logger,
  type WorkspaceImages,
  type WorkspaceTemplate,
} from "@molecule/core";
import { imageErrors } from "../errors/images.js";
import type { ImageDigestStore } from "../storage/image-digest-store.js";
import { Hints } from "./hints.js";
import type { ImageChecks } from "./image-check.js";
import type { Requester } from "./image-events.js";
import type { ImageRefresh, RefreshReport } from "./image-refresh.js";
import type { OldImages } from "./old-images.js";
import type { RolloutTracker } from "./rollout-tracker.js";
import type { RolloutOverview, Rollouts } from "./rollouts.js";
import { templateImages, type ImageSource, type TemplateImage } from "./template-images.js";

/** What is known of one template's image, as `GET /admin/workspace-images` shows it. */
export interface ImageStatus {
  readonly runtime: string;
  readonly image: string;
  readonly source: ImageSource;
  /** What the registry had when all workspaces had last been brought to it; null before the first look. */
  readonly digest: string | null;
  /** On its way to the workspaces. */
  readonly pending_digest: string | null;
  /** The last look of this host. */
  readonly last_check: {
    readonly at: string;
    readonly outcome: string;
    readonly digest: string | null;
    readonly error: string | null;
  } | null;
  readonly rollout: RolloutOverview["rollout"];
  readonly running: RolloutOverview["running"];
  readonly quarantine: RolloutOverview["quarantine"];
}

/** What the service is made from. */
export interface ImageServiceParts {
  readonly templates: readonly WorkspaceTemplate[];
  readonly checks: ImageChecks;
  readonly refresh: ImageRefresh;
  readonly oldImages: OldImages;
  readonly tracker: RolloutTracker;
  readonly digests: ImageDigestStore;
  readonly rollouts: Rollouts | null;
  readonly log: Logger;
  /** Ms since the epoch. */
  readonly now: () => number;
}

/** The images of the workspace templates on a container engine: looked at, refreshed, rolled out, removed. */
export class ImageService implements WorkspaceImages {
  readonly #parts: ImageServiceParts;
  readonly #images: readonly TemplateImage[];
  readonly #hints: Hints;
  readonly #stopping = new AbortController();
  readonly #lastChecks = new Map<string, NonNullable<ImageStatus["last_check"]>>();

  /** @throws IMAGE_REFERENCE_INVALID */
  constructor(parts: ImageServiceParts) {
    this.#parts = parts;
    this.#images = templateImages(parts.templates);
    this.#hints = new Hints((signal) => this.#checkAll(signal), parts.log);
  }

  watched(): readonly string[] {
    return this.#images.filter(({ source }) => source === "registry").map(({ runtime }) => runtime);
  }

  /** @throws as {@link WorkspaceImages.check}, and IMAGE_NOT_FROM_REGISTRY */
  async check(runtime: string, call: ImageCheckCall): Promise<ImageCheck> {
    return await this.#check(runtime, "watcher", call);
  }

  async removeOld(call: ImageCheckCall): Promise<readonly string[]> {
    return await this.#parts.oldImages.remove(call);
  }

  /** Somebody says that a registry has something new: all are looked at, without making the caller wait. */
  hint(): void {
    this.#hints.give();
  }

  /**
   * Pulls the image of one runtime, or of all whose image comes from a registry, and rolls it out.
   * @throws IMAGE_RUNTIME_UNKNOWN, IMAGE_CONTAINERS_NOT_LISTED
   */
  async refresh(
    runtime: string | undefined,
    options: { readonly recreate: boolean },
  ): Promise<RefreshReport> {
    const { refresh, templates } = this.#parts;
    const chosen =
      runtime === undefined
        ? this.#images.filter(({ source }) => source !== "built")
        : this.#images.filter((each) => each.runtime === runtime);
    if (runtime !== undefined && chosen.length === 0) {
      throw imageErrors.IMAGE_RUNTIME_UNKNOWN({ runtime, known_runtimes: templates.map(({ name }) => name) });
    }
    return await refresh.run(chosen, options, this.#stopping.signal);
  }

  /** What is known of each template's image. */
  async overview(): Promise<ImageStatus[]> {
    const { digests, rollouts } = this.#parts;
    const remembered = await digests.all();
    const rolledOut = (await rollouts?.overview()) ?? [];
    return this.#images.map(({ runtime, reference, source }) => {
      const known = remembered.find((each) => each.runtime === runtime && each.reference === reference);
      const fleet = rolledOut.find((each) => each.runtime === runtime);
      return {
        runtime,
        image: reference,
        source,
        digest: known?.digest ?? null,
        pending_digest: known?.pendingDigest ?? null,
        last_check: this.#lastChecks.get(runtime) ?? null,
        rollout: fleet?.rollout ?? null,
        running: fleet?.running ?? [],
        quarantine: fleet?.quarantine ?? [],
      };
    });
  }

  /** Gives pulls up and ends the waiting for rollouts, which go on after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the host stops"));
    await this.#hints.stop();
    await this.#parts.tracker.stop();
  }

  async #checkAll(signal: AbortSignal): Promise<void> {
    const { log } = this.#parts;
    await Promise.all(
      this.watched().map(async (runtime) => {
        try {
          await this.#check(runtime, "webhook", { signal, log, dryRun: false });
        } catch (error) {
          log.warn(`the image of ${runtime} was not checked: ${messageOf(error)}`, { runtime });
        }
      }),
    );
  }

  async #check(runtime: string, requestedBy: Requester, call: ImageCheckCall): Promise<ImageCheck> {
    const image = this.#images.find((each) => each.runtime === runtime);
    if (image?.source !== "registry") throw imageErrors.IMAGE_NOT_FROM_REGISTRY({ runtime });
    const at = new Date(this.#parts.now()).toISOString();
    try {
      const { digest, outcome, ...check } = await this.#parts.checks.check(image, requestedBy, call);
      this.#lastChecks.set(runtime, { at, outcome, digest, error: null });
      return { ...check, digest, outcome };
    } catch (error) {
      this.#lastChecks.set(runtime, { at, outcome: "failed", digest: null, error: messageOf(error) });
      throw error;
    }
  }
}
