import type { ContainerRuntime, Logger } from "@molecule/core";
import { isRecord } from "../http/record.js";
import type { EnvLedgerStore } from "../storage/env-ledger-store.js";
import { TOKEN_FILE } from "./launch-files.js";

/** Ms for asking the engine. */
const TIMEOUT_MS = 5_000;

/**
 * The secrets that a workspace was launched with and that are kept nowhere else in clear: what plugins have put into
 * its environment, and its token. A host that was started anew, or did not launch it, has them from the engine.
 */
export class LaunchedSecrets {
  readonly #services: {
    readonly runtime: Pick<ContainerRuntime, "launchedWith">;
    readonly ledgers: Pick<EnvLedgerStore, "of">;
    readonly log: Logger;
  };

  constructor(services: {
    runtime: Pick<ContainerRuntime, "launchedWith">;
    ledgers: Pick<EnvLedgerStore, "of">;
    log: Logger;
  }) {
    this.#services = services;
  }

  /** @throws what the engine or the database answers when it can't be asked */
  async of(workspaceId: string, attempt: number): Promise<readonly string[]> {
    const { runtime, ledgers, log } = this.#services;
    const call = { signal: AbortSignal.timeout(TIMEOUT_MS), log };
    const launched = await runtime.launchedWith(workspaceId, [TOKEN_FILE], call);
    if (launched === null) return [];
    const names = secretNames((await ledgers.of(workspaceId, attempt))?.ledger);
    return [...names.map((name) => launched.env[name]), ...Object.values(launched.files)]
      .map((value) => value?.trim() ?? "")
      .filter((value) => value !== "");
  }
}

/** The variables of a ledger of which a value was secret. */
function secretNames(ledger: unknown): string[] {
  const variables = isRecord(ledger) && isRecord(ledger.variables) ? ledger.variables : {};
  const isSecret = (entry: unknown) => isRecord(entry) && entry.secret === true;
  return Object.entries(variables)
    .filter(([, entries]) => Array.isArray(entries) && entries.some(isSecret))
    .map(([name]) => name);
}
