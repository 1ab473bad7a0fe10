import { sql } from "kysely";
import type { Executor } from "./schema.js";
import { TokenTable, type TokenServices } from "./token-table.js";
import { isUseDue } from "./token-uses.js";

/** An org token as the API lists it. Times are RFC 3339. */
export interface OrgTokenInfo {
  readonly id: string;
  /** Its first 8 characters. */
  readonly prefix: string;
  readonly name?: string;
  readonly created_at: string;
  /** To the minute; not there when it was never used. */
  readonly last_used_at?: string;
}

/** An org token that was just made; the only time that its text is known. */
export interface IssuedOrgToken {
  readonly id: string;
  readonly prefix: string;
  readonly token: string;
}

/** Tokens that make their holder an administrator; each can be taken back alone. Only hashes are kept. */
export class OrgTokenStore {
  readonly #db: Executor;
  readonly #table: TokenTable;

  constructor(services: TokenServices) {
    this.#db = services.db;
    this.#table = new TokenTable("org_tokens", services);
  }

  /** Makes a token. */
  async issue(name: string | null): Promise<IssuedOrgToken> {
    const { id, prefix, token } = await this.#table.issue((made) =>
      this.#db
        .insertInto("org_tokens")
        .values({ name, ...made })
        .execute(),
    );
    return { id, prefix, token };
  }

  /** Whether this is a live org token. Notes its use, at most once a minute, without making the caller wait for it. */
  async verify(token: string): Promise<boolean> {
    const found = await this.#table.recognise(token, (hash) =>
      this.#db
        .selectFrom("org_tokens as t")
        .select(["t.id", "t.hash", isUseDue.as("use_due")])
        .where("t.hash", "=", hash)
        .where("t.revoked_at", "is", null)
        .executeTakeFirst(),
    );
    return found !== null;
  }

  /** The live ones, oldest first. */
  async list(): Promise<OrgTokenInfo[]> {
    const rows = await this.#db
      .selectFrom("org_tokens")
      .select(["id", "prefix", "name", "created_at", "last_used_at"])
      .where("revoked_at", "is", null)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(({ id, prefix, name, created_at, last_used_at }) => ({
      id,
      prefix,
      ...(name === null ? {} : { name }),
      created_at: created_at.toISOString(),
      ...(last_used_at === null ? {} : { last_used_at: last_used_at.toISOString() }),
    }));
  }

  /** Revokes one; false when there is no such live one. */
  async revoke(id: string): Promise<boolean> {
    const revoked = await this.#db
      .updateTable("org_tokens")
      .set({ revoked_at: sql<Date>`now()` })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .returning("id")
      .executeTakeFirst();
    return revoked !== undefined;
  }

  /** Resolves when no note of a use is under way any more: call it before the database is closed. Never rejects. */
  settle(): Promise<void> {
    return this.#table.settle();
  }
}
