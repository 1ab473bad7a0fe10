import { sql } from "kysely";
import type { Executor, Trx } from "./schema.js";

/** Which plugins were switched on or off at run time; rules over the manifest at every later boot. */
export class PluginToggleStore {
  readonly #db: Executor;

  constructor(services: { db: Executor }) {
    this.#db = services.db;
  }

  /** All of them, by the plugin's name. */
  async all(): Promise<ReadonlyMap<string, boolean>> {
    const rows = await this.#db.selectFrom("plugin_toggles").select(["plugin", "enabled"]).execute();
    return new Map(rows.map((row) => [row.plugin, row.enabled]));
  }

  async save(trx: Trx, plugin: string, enabled: boolean): Promise<void> {
    await trx
      .insertInto("plugin_toggles")
      .values({ plugin, enabled })
      .onConflict((conflict) =>
        conflict.column("plugin").doUpdateSet({ enabled, updated_at: sql<Date>`now()` }),
      )
      .execute();
  }
}
