import { secretErrors } from "../errors/secrets.js";
import type { RandomSource } from "../storage/random.js";
import type { Executor } from "../storage/schema.js";
import type { SecretFacts, SecretStore, StoredSecret } from "../storage/secret-store.js";
import type { Envelope } from "./envelope.js";
import { assertSecrets, isSecretName } from "./secret-rules.js";

/** Whose a secret is: a workspace's own, or of all workspaces. */
export type SecretScope = "workspace" | "global";

/** A secret as the API lists it: never with its value. */
export interface SecretInfo {
  readonly key: string;
  readonly has_value: true;
  readonly scope: SecretScope;
  /** RFC 3339. */
  readonly created_at: string;
  /** RFC 3339. */
  readonly updated_at: string;
}

/** The secrets that a workspace boots with; where names are the same its own win. */
export interface SecretValues {
  readonly global: Readonly<Record<string, string>>;
  readonly workspace: Readonly<Record<string, string>>;
}

/** Keeps secrets, encrypted, and opens them. */
export class SecretVault {
  readonly #store: SecretStore;
  readonly #envelope: Envelope;
  readonly #random: RandomSource;

  constructor(services: { store: SecretStore; envelope: Envelope; random: RandomSource }) {
    this.#store = services.store;
    this.#envelope = services.envelope;
    this.#random = services.random;
  }

  /**
   * Sets secrets of a workspace, or of all (null), from the commit of `executor`.
   * @throws INVALID_SECRET with every fault
   */
  async save(
    executor: Executor,
    workspaceId: string | null,
    secrets: Readonly<Record<string, string>>,
  ): Promise<void> {
    assertSecrets(secrets);
    for (const [key, value] of Object.entries(secrets)) {
      const place = { id: this.#random.uuid(), workspaceId, key };
      await this.#store.put(executor, { place, sealed: this.#envelope.seal(place, value) });
    }
  }

  /** @throws SECRET_NOT_FOUND */
  async remove(executor: Executor, workspaceId: string | null, key: string): Promise<void> {
    // What can be no name is not asked for: the database takes no NUL in a text.
    const isRemoved = isSecretName(key) && (await this.#store.remove(executor, workspaceId, key));
    if (!isRemoved) throw secretErrors.SECRET_NOT_FOUND({ key });
  }

  /** The secrets of all workspaces, by key. */
  async listGlobal(): Promise<SecretInfo[]> {
    return (await this.#store.list(null)).map((facts) => infoOf(facts, "global"));
  }

  /** The secrets that a workspace gets: its own, then those of all that none of its own hides. */
  async listFor(workspaceId: string): Promise<SecretInfo[]> {
    const [own, global] = [await this.#store.list(workspaceId), await this.#store.list(null)];
    const hidden = new Set(own.map(({ key }) => key));
    return [
      ...own.map((facts) => infoOf(facts, "workspace")),
      ...global.filter(({ key }) => !hidden.has(key)).map((facts) => infoOf(facts, "global")),
    ];
  }

  /**
   * What a workspace boots with. A secret of all that one of its own hides is not opened: it could only be in the way.
   * @throws SECRETS_UNREADABLE naming every secret that does not open
   */
  async valuesFor(workspaceId: string): Promise<SecretValues> {
    const stored = await this.#store.concerning(workspaceId);
    const { opened, keys, reasons } = this.#openAll(visible(stored));
    if (keys.length > 0) throw secretErrors.SECRETS_UNREADABLE({ keys, reasons });
    const of = (isGlobal: boolean) =>
      Object.fromEntries(
        opened
          .filter(({ place }) => (place.workspaceId === null) === isGlobal)
          .map(({ place, value }) => [place.key, value]),
      );
    return { global: of(true), workspace: of(false) };
  }

  /** Every value that a workspace may know, as far as it opens: what has to be kept out of outputs. */
  async knownTo(workspaceId: string): Promise<string[]> {
    const { opened } = this.#openAll(await this.#store.concerning(workspaceId));
    return opened.map(({ value }) => value);
  }

  #openAll(secrets: readonly StoredSecret[]) {
    const opened: { place: StoredSecret["place"]; value: string }[] = [];
    const keys: string[] = [];
    const reasons = new Set<string>();
    for (const { place, sealed } of secrets) {
      const result = this.#envelope.open(place, sealed);
      if (result.ok) opened.push({ place, value: result.value });
      else {
        keys.push(place.key);
        reasons.add(result.reason);
      }
    }
    return { opened, keys, reasons: [...reasons] };
  }
}

function visible(secrets: readonly StoredSecret[]): StoredSecret[] {
  const own = new Set(
    secrets.filter(({ place }) => place.workspaceId !== null).map(({ place }) => place.key),
  );
  return secrets.filter(({ place }) => place.workspaceId !== null || !own.has(place.key));
}

function infoOf({ key, created_at, updated_at }: SecretFacts, scope: SecretScope): SecretInfo {
  return { key, has_value: true, scope, created_at, updated_at };
}
