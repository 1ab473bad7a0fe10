import { sql } from "kysely";
import type { Executor } from "./schema.js";

/** An image that this host pulled. */
export interface PulledImage {
  /** Registry and repository. */
  readonly repository: string;
  readonly digest: string;
  readonly imageId: string;
}

/** Which images this host pulled: others are not its to remove. */
export class PulledImageStore {
  readonly #db: Executor;
  readonly #hostId: string;

  constructor(services: { db: Executor; hostId: string }) {
    this.#db = services.db;
    this.#hostId = services.hostId;
  }

  /** Notes a pull. */
  async add({ repository, digest, imageId }: PulledImage): Promise<void> {
    const now = sql<Date>`now()`;
    await this.#db
      .insertInto("pulled_images")
      .values({ host_id: this.#hostId, repository, digest, image_id: imageId })
      .onConflict((conflict) =>
        conflict
          .columns(["host_id", "repository", "digest"])
          .doUpdateSet({ image_id: imageId, pulled_at: now, needed_at: now }),
      )
      .execute();
  }

  /** Notes that images are needed still. */
  async keep(images: readonly PulledImage[]): Promise<void> {
    if (images.length === 0) return;
    await this.#db
      .updateTable("pulled_images")
      .set({ needed_at: sql<Date>`now()` })
      .where("host_id", "=", this.#hostId)
      .where(
        "digest",
        "in",
        images.map(({ digest }) => digest),
      )
      .execute();
  }

  /** All, and whether each has been needed in the last `days` days. */
  async all(days: number): Promise<(PulledImage & { readonly isOld: boolean })[]> {
    const rows = await this.#db
      .selectFrom("pulled_images")
      .select(["repository", "digest", "image_id"])
      .select(sql<boolean>`needed_at < now() - make_interval(days => ${days})`.as("is_old"))
      .where("host_id", "=", this.#hostId)
      .orderBy("pulled_at")
      .execute();
    return rows.map(({ repository, digest, image_id: imageId, is_old: isOld }) => ({
      repository,
      digest,
      imageId,
      isOld,
    }));
  }

  /** Forgets one that was removed. */
  async forget({ repository, digest }: PulledImage): Promise<void> {
    await this.#db
      .deleteFrom("pulled_images")
      .where("host_id", "=", this.#hostId)
      .where("repository", "=", repository)
      .where("digest", "=", digest)
      .execute();
  }
}
