import { createHash } from "node:crypto";
import { randomSecret, type RandomSource } from "./random.js";

const SHAPE = /^[A-Za-z0-9_-]{43}$/;
const PREFIX_LENGTH = 8;

/** A token's text with what is kept of it. */
export interface NewToken {
  /** 43 characters: 32 random bytes as base64url. */
  readonly token: string;
  /** Its first 8 characters, by which people tell it from others. */
  readonly prefix: string;
  /** SHA-256: what has 256 random bits needs no slow hash. */
  readonly hash: Buffer;
}

/** Makes up a token. */
export function newToken(random: RandomSource): NewToken {
  const token = randomSecret(random);
  return { token, prefix: token.slice(0, PREFIX_LENGTH), hash: hashToken(token) };
}

/** Whether a text can be a token at all; what can't is refused without asking the database. */
export function looksLikeToken(text: string): boolean {
  return SHAPE.test(text);
}

/** SHA-256 of a token. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
