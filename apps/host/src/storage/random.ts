import { randomBytes, randomUUID } from "node:crypto";

/** Where ids and secrets come from; injected so that tests can foresee them. */
export interface RandomSource {
  /** `size` bytes that nobody can guess. */
  bytes(size: number): Buffer;
  /** A version 4 UUID (RFC 9562), in lower case. */
  uuid(): string;
}

/** The machine's random source. */
export const systemRandom: RandomSource = {
  bytes: (size) => randomBytes(size),
  uuid: () => randomUUID(),
};

/** A secret of 32 random bytes as base64url (RFC 4648 §5): 43 characters. */
export function randomSecret(random: RandomSource): string {
  return random.bytes(32).toString("base64url");
}
