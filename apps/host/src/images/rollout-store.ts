import { sql, type Selectable } from "kysely";
import type { EventLog } from "../storage/event-log.js";
import type { RolloutResultsTable, SwapOutcome } from "../storage/image-tables.js";
import type { Executor, Trx } from "../storage/schema.js";
import type { ImageQuarantine } from "./quarantine.js";
import type { RolloutOutcome, RolloutTarget, RolloutVerdict } from "./rollouts.js";
import { FenceLost, type RolloutRow } from "./swap-store.js";

/** What came of one workspace. */
export type RolloutResult = Selectable<RolloutResultsTable>;

/** A workspace that a rollout is to bring its image to. */
export interface Candidate {
  readonly id: string;
}

/** The rows of rollouts, and what they have done. */
export class RolloutStore {
  readonly #db: Executor;
  readonly #events: EventLog;
  readonly #quarantine: ImageQuarantine;
  readonly #newId: () => string;

  constructor(services: {
    db: Executor;
    events: EventLog;
    quarantine: ImageQuarantine;
    newId: () => string;
  }) {
    this.#db = services.db;
    this.#events = services.events;
    this.#quarantine = services.quarantine;
    this.#newId = services.newId;
  }

  /**
   * The rollout of the target: the one that runs, or a new one. Null while one of another digest runs, which has
   * been told to end.
   */
  async enter(target: RolloutTarget): Promise<RolloutRow | null> {
    return this.#events.transact(async (trx, emit) => {
      const running = await trx
        .selectFrom("rollouts")
        .selectAll()
        .where("runtime", "=", target.runtime)
        .where("status", "=", "running")
        .forUpdate()
        .executeTakeFirst();
      if (running !== undefined) {
        if (running.digest === target.digest && !running.superseded) return running;
        await trx.updateTable("rollouts").set({ superseded: true }).where("id", "=", running.id).execute();
        return null;
      }
      const created = await trx
        .insertInto("rollouts")
        .values({
          id: this.#newId(),
          runtime: target.runtime,
          reference: target.reference,
          digest: target.digest,
          image_id: target.imageId,
          requested_by: target.requestedBy,
          error: null,
        })
        // Another host was faster; the caller looks again.
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (created === undefined) return null;
      const { runtime, reference, digest, requestedBy: requested_by } = target;
      const payload = { runtime, reference, digest, requested_by };
      emit({ type: "IMAGE_ROLLOUT_STARTED", workspaceId: null, payload });
      return created;
    });
  }

  /** One rollout, also when it has ended. */
  get(id: string): Promise<RolloutRow> {
    return this.#db.selectFrom("rollouts").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  }

  /** The runtime's rollouts that are to be driven: the running one, and ended ones that have left swaps. */
  driven(runtime: string): Promise<RolloutRow[]> {
    return this.#db
      .selectFrom("rollouts")
      .selectAll()
      .where("runtime", "=", runtime)
      .where((where) =>
        where.or([
          where("status", "=", "running"),
          where(
            "id",
            "in",
            where.selectFrom("workspace_swaps").select("rollout_id").where("phase", "<>", "stuck"),
          ),
        ]),
      )
      .orderBy("created_at")
      .execute();
  }

  /**
   * Takes a rollout over: writes of an earlier holder of the lease are refused from now on.
   * @throws FenceLost when a later one has it
   */
  async takeOver(rollout: RolloutRow, fence: number): Promise<RolloutRow> {
    const taken = await this.#db
      .updateTable("rollouts")
      .set({ fence })
      .where("id", "=", rollout.id)
      .where("fence", "<=", fence)
      .returningAll()
      .executeTakeFirst();
    if (taken === undefined) throw new FenceLost();
    return taken;
  }

  /** The running workspaces that still have another image, idle and old ones first. */
  async candidates(rollout: RolloutRow): Promise<Candidate[]> {
    return this.#db
      .selectFrom("workspaces")
      .select("id")
      .where("runtime", "=", rollout.runtime)
      .where("external", "=", false)
      .where("status", "in", ["online", "degraded"])
      .where("image_opt_out", "=", false)
      .where("image_pin", "is", null)
      .where("image_id", "is distinct from", rollout.image_id)
      .where("id", "not in", (query) => query.selectFrom("workspace_swaps").select("workspace_id"))
      .where("id", "not in", (query) =>
        query
          .selectFrom("rollout_results")
          .select("workspace_id")
          .where("rollout_id", "=", rollout.id)
          // Whoever was restarted during its swap may need the image still.
          .where("outcome", "<>", "withdrawn"),
      )
      .orderBy("active_tasks")
      .orderBy("created_at")
      .orderBy("id")
      .execute();
  }

  /** What came of each workspace in a rollout, in order. */
  results(rolloutId: string): Promise<RolloutResult[]> {
    return this.#db
      .selectFrom("rollout_results")
      .selectAll()
      .where("rollout_id", "=", rolloutId)
      .orderBy("created_at")
      .execute();
  }

  /** The canary has passed. */
  async prove(rollout: RolloutRow): Promise<void> {
    await this.#db
      .updateTable("rollouts")
      .set({ proven: true })
      .where("id", "=", rollout.id)
      .where("fence", "=", rollout.fence)
      .execute();
  }

  /** Remembers what a runtime's workspaces ran before its first rollout, to have something to go back to. */
  async rememberFormer(
    runtime: string,
    former: { image_id: string; digest: string | null; reference: string },
  ): Promise<void> {
    await this.#db
      .insertInto("proven_images")
      .values({ runtime, ...former })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** Keeps the rollout's image back, with its event; twice is fine. */
  async quarantine(rollout: RolloutRow, failure: RolloutResult): Promise<void> {
    const { runtime, digest, image_id, reference } = rollout;
    const { workspace_id, rollout_id } = failure;
    const reason = failure.error ?? "its swap failed";
    await this.#events.transact(async (trx, emit) => {
      const image = { runtime, digest, image_id, reference, reason, workspace_id, rollout_id };
      const added = await this.#quarantine.add(trx, { ...image, created_by: rollout.requested_by });
      if (!added) return;
      const payload = { runtime, digest, reference, reason, workspace_id };
      emit({ type: "IMAGE_QUARANTINED", workspaceId: null, payload });
    });
  }

  /** Ends a rollout, with its event. */
  async finish(rollout: RolloutRow, verdict: RolloutVerdict, error: string | null): Promise<void> {
    await this.#events.transact(async (trx, emit) => {
      const ended = await trx
        .updateTable("rollouts")
        .set({ status: verdict, error, finished_at: sql<Date>`now()` })
        .where("id", "=", rollout.id)
        .where("status", "=", "running")
        .where("fence", "=", rollout.fence)
        .executeTakeFirst();
      if (ended.numUpdatedRows === 0n) throw new FenceLost();
      const { runtime, digest, reference } = rollout;
      if (verdict === "completed") await this.#remember(trx, rollout);
      const payload = { runtime, digest, reference, verdict, ...(error === null ? {} : { error }) };
      emit({ type: "IMAGE_ROLLOUT_FINISHED", workspaceId: null, payload });
    });
  }

  /** What a rollout has come to so far. */
  async outcome(
    rollout: Pick<RolloutRow, "id">,
    verdict: RolloutVerdict,
    error: string | null,
  ): Promise<RolloutOutcome> {
    const results = await this.results(rollout.id);
    const names = (wanted: SwapOutcome) =>
      results.filter(({ outcome }) => outcome === wanted).map(({ container }) => container);
    return { verdict, recreated: names("recreated"), rolledBack: names("rolled-back"), error };
  }

  /** An image that nobody runs has proven nothing. */
  async #remember(trx: Trx, rollout: RolloutRow): Promise<void> {
    const user = await trx
      .selectFrom("workspaces")
      .select("id")
      .where("runtime", "=", rollout.runtime)
      .where("image_id", "=", rollout.image_id)
      .where("status", "in", ["online", "degraded"])
      .limit(1)
      .executeTakeFirst();
    if (user === undefined) return;
    const image = { image_id: rollout.image_id, digest: rollout.digest, reference: rollout.reference };
    await trx
      .insertInto("proven_images")
      .values({ runtime: rollout.runtime, ...image })
      .onConflict((conflict) =>
        conflict.column("runtime").doUpdateSet({ ...image, updated_at: sql<Date>`now()` }),
      )
      .execute();
  }
}
