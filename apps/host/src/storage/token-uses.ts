import { messageOf, type Logger } from "@molecule/core";
import { sql } from "kysely";
import type { Executor } from "./schema.js";

/** Whether the use of token `t` is to be noted: at most once a minute, by the database's clock, which hosts share. */
export const isUseDue = sql<boolean>`(t.last_used_at is null or t.last_used_at < now() - interval '1 minute')`;

/** A table of tokens. */
export type TokenTableName = "workspace_tokens" | "org_tokens";

/** Notes when tokens of a table were last used, without making anybody wait for it. */
export class TokenUses {
  readonly #db: Executor;
  readonly #log: Logger;
  readonly #table: TokenTableName;
  readonly #notes = new Map<string, Promise<void>>();

  constructor(table: TokenTableName, services: { db: Executor; log: Logger }) {
    this.#table = table;
    this.#db = services.db;
    this.#log = services.log;
  }

  /** Notes a use now, in the background. */
  note(tokenId: string): void {
    if (this.#notes.has(tokenId)) return;
    const note = this.#write(tokenId).finally(() => {
      this.#notes.delete(tokenId);
    });
    this.#notes.set(tokenId, note);
  }

  /** Resolves when no note is under way any more: call it before the database is closed. Never rejects. */
  async settle(): Promise<void> {
    while (this.#notes.size > 0) await Promise.all(this.#notes.values());
  }

  async #write(tokenId: string): Promise<void> {
    try {
      await sql`update ${sql.table(this.#table)} as t set last_used_at = now()
        where t.id = ${tokenId} and ${isUseDue}`.execute(this.#db);
    } catch (error) {
      this.#log.warn("can't note the use of a token", { token_id: tokenId, reason: messageOf(error) });
    }
  }
}
