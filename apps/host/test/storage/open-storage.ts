import type { Clock, LeaseProvider, Logger, SecretMasker } from "@molecule/core";
import { TokenMasks } from "../../dist/masking/token-masks.js";
import { encryptionKey, KEY_BYTES } from "../../dist/secrets/encryption-key.js";
import { Envelope } from "../../dist/secrets/envelope.js";
import { KeyRing } from "../../dist/secrets/key-ring.js";
import { SecretVault } from "../../dist/secrets/secret-vault.js";
import type { Database } from "../../dist/storage/database.js";
import { EnvLedgerStore } from "../../dist/storage/env-ledger-store.js";
import { EventLog } from "../../dist/storage/event-log.js";
import { OrgTokenStore } from "../../dist/storage/org-token-store.js";
import { PluginToggleStore } from "../../dist/storage/plugin-toggle-store.js";
import { systemRandom } from "../../dist/storage/random.js";
import { SecretStore } from "../../dist/storage/secret-store.js";
import type { Storage } from "../../dist/storage/storage.js";
import { TokenStore } from "../../dist/storage/token-store.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";

/** What a suite's host keeps its data with. */
export interface StorageParts {
  /** Of the suite; the storage does not close it. */
  readonly database: Database;
  readonly hostId: string;
  readonly leases: LeaseProvider;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masker: SecretMasker;
}

/** The storage of a host without a data folder, and its vault, whose only key is known. */
export function storageOn(parts: StorageParts): { readonly storage: Storage; readonly vault: SecretVault } {
  const { database, hostId, leases, clock, log, masker } = parts;
  const { db } = database;
  const masks = new TokenMasks(masker);
  const keys = new KeyRing([encryptionKey(Buffer.alloc(KEY_BYTES, 1))]);
  const secrets = new SecretStore({ db });
  const storage = {
    database,
    instanceId: hostId,
    hostId,
    dataDir: "/nowhere",
    generatedAdminToken: null,
    encryptionKeys: keys,
    secrets,
    events: new EventLog({ db, clock, log, masker, hostId }),
    tokens: new TokenStore({ db, random: systemRandom, log, masks }),
    orgTokens: new OrgTokenStore({ db, random: systemRandom, log, masks }),
    workspaces: new WorkspaceStore({ db }),
    ledgers: new EnvLedgerStore({ db }),
    toggles: new PluginToggleStore({ db }),
    leases,
    close: () => Promise.resolve(),
  };
  const envelope = new Envelope(keys, systemRandom);
  return { storage, vault: new SecretVault({ store: secrets, envelope, random: systemRandom }) };
}
