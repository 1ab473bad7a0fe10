import type { EventLog } from "../storage/event-log.js";
import type { ImageQuarantineTable } from "../storage/image-tables.js";
import type { Executor, Trx } from "../storage/schema.js";
import type { Insertable } from "kysely";
import type { QuarantinedImage } from "./rollouts.js";

/** Images that failed in a workspace: no rollout takes them up, and nothing starts with them, until they are lifted. */
export class ImageQuarantine {
  readonly #db: Executor;
  readonly #events: EventLog;

  constructor(services: { db: Executor; events: EventLog }) {
    this.#db = services.db;
    this.#events = services.events;
  }

  /** Every image that is kept back, newest first. */
  async list(): Promise<QuarantinedImage[]> {
    const rows = await this.#db
      .selectFrom("image_quarantine")
      .selectAll()
      .orderBy("created_at", "desc")
      .execute();
    return rows.map((row) => ({
      runtime: row.runtime,
      digest: row.digest,
      reference: row.reference,
      reason: row.reason,
      workspaceId: row.workspace_id,
      createdBy: row.created_by,
      createdAt: row.created_at.toISOString(),
    }));
  }

  /** Why the digest is kept back for the runtime; null when it is not. */
  async reason(runtime: string, digest: string): Promise<string | null> {
    const row = await this.#db
      .selectFrom("image_quarantine")
      .select("reason")
      .where("runtime", "=", runtime)
      .where("digest", "=", digest)
      .executeTakeFirst();
    return row?.reason ?? null;
  }

  /** Keeps an image back, in the caller's transaction; one that is kept back already stays as it is. */
  async add(trx: Trx, image: Insertable<ImageQuarantineTable>): Promise<boolean> {
    const added = await trx
      .insertInto("image_quarantine")
      .values(image)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return (added.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  /** Lets a digest go for every runtime; the number of runtimes that it was kept back for. */
  async lift(digest: string): Promise<number> {
    return this.#events.transact(async (trx, emit) => {
      const lifted = await trx
        .deleteFrom("image_quarantine")
        .where("digest", "=", digest)
        .returning("runtime")
        .execute();
      for (const { runtime } of lifted) {
        emit({ type: "IMAGE_QUARANTINE_LIFTED", workspaceId: null, payload: { runtime, digest } });
      }
      return lifted.length;
    });
  }
}
