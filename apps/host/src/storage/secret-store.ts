import { sql } from "kysely";
import type { EncryptionKey } from "../secrets/encryption-key.js";
import type { SealedSecret, SecretPlace } from "../secrets/envelope.js";
import { readMigrations } from "./migrate.js";
import type { Executor } from "./schema.js";

/** What the installation's facts about keys begin with. */
const FINGERPRINT_OF = "encryption-key:";

/** A secret with its place, still encrypted. */
export interface StoredSecret {
  readonly place: SecretPlace;
  readonly sealed: SealedSecret;
}

/** What may be shown of a secret. Times are RFC 3339. */
export interface SecretFacts {
  readonly key: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Whether a host has been started on this database since there are secrets. */
export async function canHoldSecrets(db: Executor): Promise<boolean> {
  const { ran } = await readMigrations(db);
  return ran.includes("0004-secrets");
}

/** The encrypted secrets of workspaces, and of all workspaces (null). Knows no value. */
export class SecretStore {
  readonly #db: Executor;

  constructor(services: { db: Executor }) {
    this.#db = services.db;
  }

  /** Writes a secret in the place of the one of its key. */
  async put(executor: Executor, { place, sealed }: StoredSecret): Promise<void> {
    const { id, workspaceId, key } = place;
    const { kekId, wrappedKey, ciphertext } = sealed;
    const value = { id, kek_id: kekId, wrapped_key: wrappedKey, ciphertext };
    await executor
      .insertInto("secrets")
      .values({ ...value, workspace_id: workspaceId, key })
      .onConflict((conflict) =>
        (workspaceId === null
          ? conflict.column("key").where("workspace_id", "is", null)
          : conflict.columns(["workspace_id", "key"]).where("workspace_id", "is not", null)
        ).doUpdateSet({ ...value, updated_at: sql<Date>`now()` }),
      )
      .execute();
  }

  /** Removes a secret; false when there is none. */
  async remove(executor: Executor, workspaceId: string | null, key: string): Promise<boolean> {
    const removed = await executor
      .deleteFrom("secrets")
      .where("workspace_id", workspaceId === null ? "is" : "=", workspaceId)
      .where("key", "=", key)
      .returning("id")
      .executeTakeFirst();
    return removed !== undefined;
  }

  /** What may be shown of the secrets of a workspace, or of all workspaces; by key. */
  async list(workspaceId: string | null): Promise<SecretFacts[]> {
    const rows = await this.#db
      .selectFrom("secrets")
      .select(["key", "created_at", "updated_at"])
      .where("workspace_id", workspaceId === null ? "is" : "=", workspaceId)
      .orderBy("key")
      .execute();
    return rows.map(({ key, created_at, updated_at }) => ({
      key,
      created_at: created_at.toISOString(),
      updated_at: updated_at.toISOString(),
    }));
  }

  /** The secrets of all workspaces and those of one, in one reading: both as they are at one moment. */
  async concerning(workspaceId: string): Promise<StoredSecret[]> {
    const rows = await this.#stored()
      .where((is) => is.or([is("workspace_id", "is", null), is("workspace_id", "=", workspaceId)]))
      .orderBy("key")
      .execute();
    return rows.map(toStored);
  }

  /** How many secrets each encryption key wraps. */
  async countByKey(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db
      .selectFrom("secrets")
      .select((select) => ["kek_id", select.fn.countAll<number>().as("count")])
      .groupBy("kek_id")
      .orderBy("kek_id")
      .execute();
    return new Map(rows.map(({ kek_id, count }) => [kek_id, count]));
  }

  /** Secrets that an encryption key wraps, in the order of their ids: the first ones, or those after an id. */
  async ofKey(kekId: string, options: { after?: string; limit: number }): Promise<StoredSecret[]> {
    let select = this.#stored().where("kek_id", "=", kekId).orderBy("id").limit(options.limit);
    if (options.after !== undefined) select = select.where("id", ">", options.after);
    return (await select.execute()).map(toStored);
  }

  /**
   * Writes the wrapping of values anew, in one statement. One that was changed meanwhile has another id, or another
   * wrapping by now, and is left alone.
   * @returns how many were written
   */
  async rewrap(secrets: readonly StoredSecret[], from: string): Promise<number> {
    if (secrets.length === 0) return 0;
    const ids = secrets.map(({ place }) => place.id);
    const kekIds = secrets.map(({ sealed }) => sealed.kekId);
    const wrapped = secrets.map(({ sealed }) => sealed.wrappedKey);
    const { numAffectedRows = 0n } = await sql`
      update secrets set kek_id = fresh.kek_id, wrapped_key = fresh.wrapped_key
      from unnest(${ids}::uuid[], ${kekIds}::text[], ${wrapped}::bytea[]) as fresh (id, kek_id, wrapped_key)
      where secrets.id = fresh.id and secrets.kek_id = ${from}`.execute(this.#db);
    return Number(numAffectedRows);
  }

  /** The fingerprints of the keys that hosts have worked with, by the keys' ids. */
  async keyFingerprints(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#db
      .selectFrom("installation")
      .select(["key", "value"])
      .where("key", "like", `${FINGERPRINT_OF}%`)
      .execute();
    return new Map(rows.map(({ key, value }) => [key.slice(FINGERPRINT_OF.length), value]));
  }

  /** Keeps which key each id stands for, in place of what it stood for before. */
  async rememberKeys(keys: readonly Pick<EncryptionKey, "id" | "fingerprint">[]): Promise<void> {
    const facts = keys.map(({ id, fingerprint }) => ({ key: FINGERPRINT_OF + id, value: fingerprint }));
    if (facts.length === 0) return;
    await this.#db
      .insertInto("installation")
      .values(facts)
      .onConflict((conflict) =>
        conflict.column("key").doUpdateSet((fresh) => ({ value: fresh.ref("excluded.value") })),
      )
      .execute();
  }

  #stored() {
    return this.#db
      .selectFrom("secrets")
      .select(["id", "workspace_id", "key", "kek_id", "wrapped_key", "ciphertext"]);
  }
}

function toStored(row: {
  id: string;
  workspace_id: string | null;
  key: string;
  kek_id: string;
  wrapped_key: Buffer;
  ciphertext: Buffer;
}): StoredSecret {
  return {
    place: { id: row.id, workspaceId: row.workspace_id, key: row.key },
    sealed: { kekId: row.kek_id, wrappedKey: row.wrapped_key, ciphertext: row.ciphertext },
  };
}
