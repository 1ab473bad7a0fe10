import { secretErrors } from "../../errors/secrets.js";
import type { CliContext } from "../program.js";
import { withSecrets } from "./open-secrets.js";

/** Secrets read at a time. */
const BATCH = 500;

/**
 * `molecule secrets check`.
 * @throws SECRETS_STAY_CLOSED when some don't open, after all are told, and the errors of opening
 */
export async function checkSecrets(context: CliContext): Promise<void> {
  const { output } = context;
  await withSecrets(context, async ({ store, keys, envelope }) => {
    let closed = 0;
    const byKey = await store.countByKey();
    if (byKey.size === 0) output.write("no secrets are stored\n");
    for (const [kekId, count] of byKey) {
      const role = keys.find(kekId) === undefined ? "not configured" : roleOf(kekId, keys.primary.id);
      output.write(`key ${kekId} (${role}): ${count} secret${count === 1 ? "" : "s"}\n`);
      let after: string | undefined;
      for (;;) {
        const secrets = await store.ofKey(kekId, {
          limit: BATCH,
          ...(after === undefined ? {} : { after }),
        });
        if (secrets.length === 0) break;
        after = secrets.at(-1)?.place.id;
        for (const { place, sealed } of secrets) {
          const opened = envelope.open(place, sealed);
          if (opened.ok) continue;
          closed += 1;
          output.write(`  ${nameOf(place.key, place.workspaceId)}: ${opened.reason}\n`);
        }
      }
    }
    if (closed > 0) throw secretErrors.SECRETS_STAY_CLOSED({ count: closed });
  });
}

/** A secret, for people: its name and whose it is. */
export function nameOf(key: string, workspaceId: string | null): string {
  return `${key} of ${workspaceId === null ? "all workspaces" : `workspace ${workspaceId}`}`;
}

function roleOf(kekId: string, primaryId: string): string {
  return kekId === primaryId ? "encrypts" : "decrypts only; molecule secrets rotate makes it needless";
}
