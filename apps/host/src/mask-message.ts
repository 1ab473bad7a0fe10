import type { SecretMasker } from "@molecule/core";

/** Takes the secrets that `masker` knows out of an error's message, in place: what catches it tells it by its class or code. */
export function maskMessage(error: unknown, masker: SecretMasker): void {
  if (error instanceof Error) error.message = masker.mask(error.message);
}
