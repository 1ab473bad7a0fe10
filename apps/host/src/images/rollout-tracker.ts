import { messageOf, type Logger } from "@molecule/core";
import type { ImageDigestStore } from "../storage/image-digest-store.js";
import type { ImageEvents, Requester } from "./image-events.js";
import type { RolloutOutcome, Rollouts } from "./rollouts.js";
import type { TemplateImage } from "./template-images.js";

/** A pulled image that is to reach the workspaces. */
export interface Arrival {
  readonly image: TemplateImage;
  readonly digest: string;
  readonly platformDigest: string;
  readonly etag: string | null;
  readonly imageId: string;
  readonly requestedBy: Requester;
}

/** What a tracker is made from. */
export interface RolloutTrackerServices {
  /** Null where workspaces are not replaced: then an image has arrived when it is pulled. */
  readonly rollouts: Rollouts | null;
  readonly digests: ImageDigestStore;
  readonly events: ImageEvents;
  readonly log: Logger;
}

const NOTHING_TO_DO: RolloutOutcome = { verdict: "completed", recreated: [], rolledBack: [], error: null };

const STOPPED: RolloutOutcome = {
  verdict: "interrupted",
  recreated: [],
  rolledBack: [],
  error: "the host stops",
};

/**
 * Starts rollouts and remembers what came of them: only an image that has arrived counts as known, so that one which
 * failed on its way is seen as new by the next check.
 */
export class RolloutTracker {
  readonly #services: RolloutTrackerServices;
  readonly #stopping = new AbortController();
  /** By runtime, the one that was begun last. */
  readonly #underWay = new Map<string, { readonly digest: string }>();
  readonly #running = new Set<Promise<RolloutOutcome>>();

  constructor(services: RolloutTrackerServices) {
    this.#services = services;
  }

  /** The digest that is on its way to the runtime's workspaces; null when none is. */
  underWay(runtime: string): string | null {
    return this.#underWay.get(runtime)?.digest ?? null;
  }

  /** Begins a rollout. A failure is a verdict: this never rejects. */
  start(arrival: Arrival): Promise<RolloutOutcome> {
    const { runtime } = arrival.image;
    const entry = { digest: arrival.digest };
    this.#underWay.set(runtime, entry);
    const done = this.#run(arrival);
    this.#running.add(done);
    void done.then(() => {
      this.#running.delete(done);
      if (this.#underWay.get(runtime) === entry) this.#underWay.delete(runtime);
    });
    return done;
  }

  /** Ends the waiting for rollouts; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the host stops"));
    await Promise.all(this.#running);
  }

  async #run(arrival: Arrival): Promise<RolloutOutcome> {
    const { rollouts, digests, log } = this.#services;
    const { image, digest, imageId, requestedBy } = arrival;
    const { runtime, reference } = image;
    try {
      await digests.setPending(runtime, reference, digest);
      // A host that stops begins nothing more; what is pending is taken up after its next start.
      if (this.#stopping.signal.aborted) return STOPPED;
      const target = { runtime, reference, digest, imageId, requestedBy };
      const outcome = (await rollouts?.start(target, this.#stopping.signal)) ?? NOTHING_TO_DO;
      await this.#settle(arrival, outcome);
      return outcome;
    } catch (error) {
      const reason = messageOf(error);
      log.error(`the rollout of ${reference} failed, the next check tries again: ${reason}`, { runtime });
      return { verdict: "interrupted", recreated: [], rolledBack: [], error: reason };
    }
  }

  async #settle(arrival: Arrival, outcome: RolloutOutcome): Promise<void> {
    const { digests, events } = this.#services;
    const { image, digest, platformDigest, etag } = arrival;
    const { runtime, reference } = image;
    switch (outcome.verdict) {
      case "completed":
        await digests.arrive({ runtime, reference, digest, platformDigest, etag });
        await events.refreshed(image, digest, outcome.recreated);
        return;
      case "rolled-back":
      case "quarantined":
        await digests.setPending(runtime, reference, null);
        await events.failed(image, digest, outcome.error ?? `the rollout is ${outcome.verdict}`);
        return;
      // What took its place is pending now; what was interrupted still is, and is taken up by the next check.
      case "superseded":
      case "interrupted":
        return;
    }
  }
}
