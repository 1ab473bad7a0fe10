import { defineErrors } from "@molecule/core";

/** Every coded error of this plugin. */
export const errors = defineErrors({
  ACME_VAULT_UNREADABLE: (d: { file: string; reason: string }) =>
    `plugin "acme-vault": ${d.file} can't be read: ${d.reason}; correct "file" in its config, or the file`,
  // Tells where the faults are and what belongs there, but not what was found: that may be a secret.
  ACME_VAULT_INVALID: (d: { file: string; places: readonly string[] }) =>
    `plugin "acme-vault": ${d.file} is no vault; allowed is, at ${d.places.join("; ")}`,
});
