import { sql } from "kysely";
import type { Executor, Trx } from "./schema.js";
import { TokenTable, type TokenServices } from "./token-table.js";
import { isUseDue } from "./token-uses.js";

/** A token that was just made; the only time that its text is known. */
export interface IssuedToken {
  readonly id: string;
  /** 43 characters: 32 random bytes as base64url. */
  readonly token: string;
}

/** Whose token was shown. */
export interface VerifiedToken {
  readonly tokenId: string;
  readonly workspaceId: string;
  /** The provision that the token was issued for. */
  readonly attempt: number;
}

/** A token as the API lists it. */
export interface TokenInfo {
  readonly id: string;
  /** Its first 8 characters. */
  readonly prefix: string;
  /** RFC 3339. */
  readonly created_at: string;
  /** RFC 3339, to the minute; null when it was never used. */
  readonly last_used_at: string | null;
}

/** The workspaces' tokens. A token is live while it is not revoked and its workspace is not removed. Only hashes are kept. */
export class TokenStore {
  readonly #db: Executor;
  readonly #table: TokenTable;

  constructor(services: TokenServices) {
    this.#db = services.db;
    this.#table = new TokenTable("workspace_tokens", services);
  }

  /** Makes a token of a workspace, valid from the commit of `executor`. */
  async issue(executor: Executor, owner: { workspaceId: string; attempt: number }): Promise<IssuedToken> {
    const { id, token } = await this.#table.issue((made) =>
      executor
        .insertInto("workspace_tokens")
        .values({ workspace_id: owner.workspaceId, attempt: owner.attempt, ...made })
        .execute(),
    );
    return { id, token };
  }

  /** Revokes every token of these workspaces. */
  async revokeAll(trx: Trx, workspaceIds: readonly string[]): Promise<void> {
    if (workspaceIds.length === 0) return;
    await trx
      .updateTable("workspace_tokens")
      .set({ revoked_at: sql<Date>`now()` })
      .where("workspace_id", "=", sql<string>`any(${workspaceIds}::uuid[])`)
      .where("revoked_at", "is", null)
      .execute();
  }

  /** Revokes every token of a workspace but those of one attempt. */
  async revokeOtherAttempts(trx: Trx, owner: { workspaceId: string; attempt: number }): Promise<void> {
    await trx
      .updateTable("workspace_tokens")
      .set({ revoked_at: sql<Date>`now()` })
      .where("workspace_id", "=", owner.workspaceId)
      .where("attempt", "<>", owner.attempt)
      .where("revoked_at", "is", null)
      .execute();
  }

  /** Revokes one token of a workspace; false when it has no such live one. */
  async revoke(workspaceId: string, tokenId: string): Promise<boolean> {
    const revoked = await this.#db
      .updateTable("workspace_tokens")
      .set({ revoked_at: sql<Date>`now()` })
      .where("id", "=", tokenId)
      .where("workspace_id", "=", workspaceId)
      .where("revoked_at", "is", null)
      .returning("id")
      .executeTakeFirst();
    return revoked !== undefined;
  }

  /** Whose live token this is, or null. Notes the use, at most once a minute, without making the caller wait for it. */
  async verify(token: string): Promise<VerifiedToken | null> {
    const found = await this.#table.recognise(token, (hash) =>
      liveTokens(this.#db)
        .select(["t.id", "t.workspace_id", "t.attempt", "t.hash", isUseDue.as("use_due")])
        .where("t.hash", "=", hash)
        .executeTakeFirst(),
    );
    return found === null
      ? null
      : { tokenId: found.id, workspaceId: found.workspace_id, attempt: found.attempt };
  }

  /** Whether the workspace has a live token. */
  async hasLive(workspaceId: string, executor: Executor = this.#db): Promise<boolean> {
    return (await this.countLive(workspaceId, executor)) > 0;
  }

  /** How many live tokens the workspace has. */
  async countLive(workspaceId: string, executor: Executor = this.#db): Promise<number> {
    const { count } = await liveTokens(executor)
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("t.workspace_id", "=", workspaceId)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** The live tokens of the workspace, oldest first. */
  async list(workspaceId: string): Promise<TokenInfo[]> {
    const rows = await liveTokens(this.#db)
      .select(["t.id", "t.prefix", "t.created_at", "t.last_used_at"])
      .where("t.workspace_id", "=", workspaceId)
      .orderBy("t.created_at")
      .orderBy("t.id")
      .execute();
    return rows.map((row) => ({
      ...row,
      created_at: row.created_at.toISOString(),
      last_used_at: row.last_used_at?.toISOString() ?? null,
    }));
  }

  /** Resolves when no note of a use is under way any more: call it before the database is closed. Never rejects. */
  settle(): Promise<void> {
    return this.#table.settle();
  }
}

function liveTokens(executor: Executor) {
  return executor
    .selectFrom("workspace_tokens as t")
    .innerJoin("workspaces as w", "w.id", "t.workspace_id")
    .where("t.revoked_at", "is", null)
    .where("w.status", "<>", "removed");
}
