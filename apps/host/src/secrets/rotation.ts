import type { SecretStore, StoredSecret } from "../storage/secret-store.js";
import type { Envelope } from "./envelope.js";
import type { KeyRing } from "./key-ring.js";

/** Secrets in one statement: some 100 ms of work, after which others get their turn. */
const BATCH = 500;

/** How far a rotation is. */
export interface RotationProgress {
  /** Secrets that this run has looked at. */
  readonly done: number;
  /** Secrets that older keys wrapped when it began. */
  readonly total: number;
}

/** How a rotation ended. */
export interface RotationResult {
  /** Secrets whose data key the first key wraps since. */
  readonly rewrapped: number;
  /** Secrets that were changed meanwhile, and so have the writer's key. */
  readonly overtaken: number;
  /** Secrets that none of the keys opens, and why; they stay as they are. */
  readonly unreadable: readonly {
    readonly key: string;
    readonly workspaceId: string | null;
    readonly reason: string;
  }[];
}

/**
 * Wraps the data keys of all secrets with the key that encrypts now, batch by batch. Reads and writes go on meanwhile.
 * What is done is done: it may be stopped at any point, and run again.
 */
export async function rotate(
  services: {
    readonly store: Pick<SecretStore, "countByKey" | "ofKey" | "rewrap">;
    readonly keys: KeyRing;
    readonly envelope: Envelope;
  },
  options: { readonly batch?: number; readonly onProgress?: (progress: RotationProgress) => void } = {},
): Promise<RotationResult> {
  const { store, keys, envelope } = services;
  const { batch = BATCH, onProgress = () => undefined } = options;
  const older = [...(await store.countByKey())].filter(([kekId]) => kekId !== keys.primary.id);
  const total = older.reduce((sum, [, count]) => sum + count, 0);
  const unreadable: RotationResult["unreadable"][number][] = [];
  let [done, rewrapped, tried] = [0, 0, 0];
  for (const [kekId] of older) {
    let after: string | undefined;
    for (;;) {
      const secrets = await store.ofKey(kekId, { limit: batch, ...(after === undefined ? {} : { after }) });
      if (secrets.length === 0) break;
      after = secrets.at(-1)?.place.id;
      const fresh: StoredSecret[] = [];
      for (const { place, sealed } of secrets) {
        const result = envelope.rewrap(place, sealed);
        if (result.ok) fresh.push({ place, sealed: result.sealed });
        else unreadable.push({ key: place.key, workspaceId: place.workspaceId, reason: result.reason });
      }
      rewrapped += await store.rewrap(fresh, kekId);
      tried += fresh.length;
      done += secrets.length;
      onProgress({ done, total });
    }
  }
  return { rewrapped, overtaken: tried - rewrapped, unreadable };
}
