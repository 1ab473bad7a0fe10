import { sql } from "kysely";
import type { Executor } from "./schema.js";
import { SharedRead } from "./shared-read.js";

/** What is remembered of a runtime's image. */
export interface RememberedImage {
  readonly runtime: string;
  readonly reference: string;
  readonly digest: string;
  readonly platformDigest: string;
  readonly etag: string | null;
  readonly pendingDigest: string | null;
  readonly updatedAt: Date;
}

/** What has arrived at all workspaces of a runtime. */
export type ArrivedImage = Omit<RememberedImage, "pendingDigest" | "updatedAt">;

/** What the registry had for each runtime: so that a release is seen that was published while nobody looked. */
export class ImageDigestStore {
  readonly #db: Executor;
  /** They are as few as the templates, and a cycle of the watcher asks for each of them, several at a time. */
  readonly #all: SharedRead<readonly RememberedImage[]>;

  constructor(services: { db: Executor }) {
    this.#db = services.db;
    this.#all = new SharedRead(() => this.#readAll());
  }

  /** All of them. */
  all(): Promise<readonly RememberedImage[]> {
    return this.#all.get();
  }

  /** What is remembered of a runtime whose image is `reference`; null when that was another one. */
  async find(runtime: string, reference: string): Promise<RememberedImage | null> {
    const all = await this.all();
    return all.find((each) => each.runtime === runtime && each.reference === reference) ?? null;
  }

  /** Remembers what all workspaces of the runtime have. */
  async arrive(image: ArrivedImage): Promise<void> {
    const values = {
      reference: image.reference,
      digest: image.digest,
      platform_digest: image.platformDigest,
      etag: image.etag,
      pending_digest: null,
    };
    await this.#db
      .insertInto("image_digests")
      .values({ runtime: image.runtime, ...values })
      .onConflict((conflict) =>
        conflict.column("runtime").doUpdateSet({ ...values, updated_at: sql<Date>`now()` }),
      )
      .execute();
  }

  /** Notes what is on its way, or that nothing is; what was remembered stays, so that a failure is tried again. */
  async setPending(runtime: string, reference: string, digest: string | null): Promise<void> {
    await this.#db
      .updateTable("image_digests")
      .set({ pending_digest: digest })
      .where("runtime", "=", runtime)
      .where("reference", "=", reference)
      .execute();
  }

  /** Notes that this digest is not on its way any more; another one that is stays so. */
  async dropPending(runtime: string, reference: string, digest: string): Promise<void> {
    await this.#db
      .updateTable("image_digests")
      .set({ pending_digest: null })
      .where("runtime", "=", runtime)
      .where("reference", "=", reference)
      .where("pending_digest", "=", digest)
      .execute();
  }

  async #readAll(): Promise<readonly RememberedImage[]> {
    return (await this.#db.selectFrom("image_digests").selectAll().execute()).map(fromRow);
  }
}

function fromRow(row: {
  runtime: string;
  reference: string;
  digest: string;
  platform_digest: string;
  etag: string | null;
  pending_digest: string | null;
  updated_at: Date;
}): RememberedImage {
  return {
    runtime: row.runtime,
    reference: row.reference,
    digest: row.digest,
    platformDigest: row.platform_digest,
    etag: row.etag,
    pendingDigest: row.pending_digest,
    updatedAt: row.updated_at,
  };
}
