import { timingSafeEqual } from "node:crypto";
import type { Logger } from "@molecule/core";
import type { TokenMasks } from "../masking/token-masks.js";
import type { RandomSource } from "./random.js";
import type { Executor } from "./schema.js";
import { hashToken, looksLikeToken, newToken, type NewToken } from "./token-text.js";
import { TokenUses, type TokenTableName } from "./token-uses.js";

/** What tokens are kept with. */
export interface TokenServices {
  readonly db: Executor;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly masks: TokenMasks;
}

/** A token that was just made. */
interface MadeToken extends NewToken {
  readonly id: string;
}

/** A token as it is found by its hash. */
interface FoundToken {
  readonly id: string;
  readonly hash: Buffer;
  /** Whether its use is to be noted. */
  readonly use_due: boolean;
}

/** The tokens of one table: how one is made and recognised, and that it was used. */
export class TokenTable {
  readonly #random: RandomSource;
  readonly #masks: TokenMasks;
  readonly #uses: TokenUses;

  constructor(table: TokenTableName, services: TokenServices) {
    this.#random = services.random;
    this.#masks = services.masks;
    this.#uses = new TokenUses(table, services);
  }

  /** Makes a token; it is one when `write` has written its row. */
  async issue(write: (made: Omit<MadeToken, "token">) => Promise<unknown>): Promise<MadeToken> {
    const made = { id: this.#random.uuid(), ...newToken(this.#random) };
    const { token, ...kept } = made;
    await write(kept);
    this.#masks.add(made.id, token);
    return made;
  }

  /**
   * The row of a token that was shown, or null. Notes its use, at most once a minute, without making the caller wait
   * for it.
   * @param find the live token of this hash
   */
  async recognise<Row extends FoundToken>(
    token: string,
    find: (hash: Buffer) => Promise<Row | undefined>,
  ): Promise<Row | null> {
    if (!looksLikeToken(token)) return null;
    const hash = hashToken(token);
    const found = await find(hash);
    // The index finds candidates; the answer rests on a comparison in constant time (api.md §2).
    if (found === undefined || !timingSafeEqual(found.hash, hash)) return null;
    this.#masks.add(found.id, token);
    if (found.use_due) this.#uses.note(found.id);
    return found;
  }

  /** Resolves when no note of a use is under way any more: call it before the database is closed. Never rejects. */
  settle(): Promise<void> {
    return this.#uses.settle();
  }
}
