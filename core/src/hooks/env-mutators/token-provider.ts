import { isCodedError, messageOf } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { Clock } from "../../ports/clock.js";
import { bounded } from "../../util/bounded.js";
import type { Registered } from "../registry.js";
import type { EnvMutator, InstallationToken } from "./types.js";

/** Ms for one call of a provider: those that ask a server bound themselves, and shorter. */
const TOKEN_TIMEOUT_MS = 20_000;

/** Who wants a token. */
export interface TokenRequest {
  /** The workspace that it is for; null for an administrator. */
  readonly workspaceId: string | null;
  readonly signal: AbortSignal;
}

/** What can be put into a header as it is. */
const TOKEN = /^[\x21-\x7e]+$/;

/** The first mutator of the chain that offers tokens. */
export function findTokenProvider(
  mutators: readonly Registered<EnvMutator>[],
): Registered<EnvMutator> | undefined {
  return mutators.find(({ contribution }) => typeof contribution.token === "function");
}

/**
 * Asks a provider for a token, within its time.
 * @throws TOKEN_PROVIDER_TIMEOUT, TOKEN_PROVIDER_INVALID, TOKEN_PROVIDER_FAILED, or the provider's own coded error
 */
export async function askTokenProvider(
  { contribution, owner }: Registered<EnvMutator>,
  { workspaceId, signal }: TokenRequest,
  clock: Clock,
): Promise<InstallationToken> {
  const names = { plugin: owner.plugin, mutator: contribution.name };
  const answer = await bounded<unknown>((bound) => contribution.token?.({ workspaceId, signal: bound }), {
    clock,
    signal,
    timeoutMs: TOKEN_TIMEOUT_MS,
    onTimeout: () => errors.TOKEN_PROVIDER_TIMEOUT({ ...names, timeoutMs: TOKEN_TIMEOUT_MS }),
  });
  if (answer.ok) {
    if (isToken(answer.value)) return answer.value;
    throw errors.TOKEN_PROVIDER_INVALID(names);
  }
  if (isCodedError(answer.error)) throw answer.error;
  throw errors.TOKEN_PROVIDER_FAILED({ ...names, reason: messageOf(answer.error) }, { cause: answer.error });
}

function isToken(value: unknown): value is InstallationToken {
  return (
    typeof value === "object" &&
    value !== null &&
    "token" in value &&
    typeof value.token === "string" &&
    TOKEN.test(value.token) &&
    "expiresAt" in value &&
    value.expiresAt instanceof Date &&
    !Number.isNaN(value.expiresAt.getTime())
  );
}
