import { readFile } from "node:fs/promises";
import { compileSchema, messageOf, Type, type Static } from "@molecule/core";
import { errors } from "./errors.js";

const strict = { additionalProperties: false } as const;

const Secrets = Type.Record(Type.String({ pattern: "^[A-Z0-9_]+$" }), Type.String(), strict);

const VaultSchema = Type.Object(
  {
    /** When the secrets stop being valid, RFC 3339. */
    expiresAt: Type.Optional(Type.String({ format: "date-time" })),
    /** Secrets by role, and by name. */
    roles: Type.Record(Type.String(), Secrets),
  },
  strict,
);

/** What the vault's file holds. */
export type Vault = Static<typeof VaultSchema>;

const checkVault = compileSchema(VaultSchema);

/**
 * Reads and checks the vault's file.
 * @throws ACME_VAULT_UNREADABLE, ACME_VAULT_INVALID
 */
export async function readVault(file: string, signal: AbortSignal): Promise<Vault> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, { encoding: "utf8", signal }));
  } catch (error) {
    // A parser's message may quote the text that it stumbled over, and that may be a secret.
    const reason = error instanceof SyntaxError ? "it is not JSON" : messageOf(error);
    throw errors.ACME_VAULT_UNREADABLE({ file, reason });
  }
  const checked = checkVault(parsed);
  if (checked.ok) return checked.value;
  const places = checked.faults.map(({ path, allowed }) => `${path || "(root)"}: ${allowed}`);
  throw errors.ACME_VAULT_INVALID({ file, places });
}
