import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Errors of the secrets and of the keys that encrypt them. None shows a value. */
export const secretErrors = defineErrors({
  INVALID_SECRET: (d: { faults: readonly Fault[] }) => `invalid secret:\n${formatFaults(d.faults)}`,
  SECRET_NOT_FOUND: (d: { key: string }) => `no secret ${JSON.stringify(d.key)} is set here`,
  SECRETS_UNREADABLE: (d: { keys: readonly string[]; reasons: readonly string[] }) =>
    `can't decrypt the secret${d.keys.length === 1 ? "" : "s"} ${d.keys.join(", ")}: ${d.reasons.join("; ")}; set ${d.keys.length === 1 ? "it" : "them"} anew, or give the host the key back in SECRETS_ENCRYPTION_KEYS`,
  ENCRYPTION_SELF_TEST_FAILED: (d: { id: string; reason: string }) =>
    `the encryption key ${JSON.stringify(d.id)} does not work on this machine: ${d.reason}; nothing was encrypted with it`,
  ENCRYPTION_KEYS_MISSING: (d: { faults: readonly string[] }) =>
    `the database holds secrets that the configured encryption keys don't open: ${d.faults.join("; ")}; add the keys to SECRETS_ENCRYPTION_KEYS (the first one encrypts, the others only decrypt)`,
  NO_ENCRYPTION_KEY: () =>
    "there is no encryption key here; set SECRETS_ENCRYPTION_KEYS as the host has it, or MOLECULE_DATA_DIR to its data folder",
  NO_SECRETS_TABLE: () =>
    "the database has no table for secrets: no host has been started on it; start one with this configuration, which makes its tables, and run this again — if one runs already, DATABASE_URL or MOLECULE_DATA_DIR is not that of the host",
  SECRETS_STAY_CLOSED: (d: { count: number }) =>
    `${d.count} secret${d.count === 1 ? "" : "s"}, told above, can't be decrypted; set them anew, or give the keys back in SECRETS_ENCRYPTION_KEYS and run this again`,
});
