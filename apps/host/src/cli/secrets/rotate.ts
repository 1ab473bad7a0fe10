import { secretErrors } from "../../errors/secrets.js";
import { rotate } from "../../secrets/rotation.js";
import type { CliContext } from "../program.js";
import { nameOf } from "./check.js";
import { withSecrets } from "./open-secrets.js";

/**
 * `molecule secrets rotate`.
 * @throws SECRETS_STAY_CLOSED after all others are done, and the errors of opening
 */
export async function rotateSecrets(context: CliContext): Promise<void> {
  const { output } = context;
  await withSecrets(context, async (secrets) => {
    output.write(`wrapping all secrets with the key ${secrets.keys.primary.id}\n`);
    const result = await rotate(secrets, {
      onProgress: ({ done, total }) => void output.write(`${done} of ${total}\n`),
    });
    output.write(
      `done: ${result.rewrapped} wrapped anew, ${result.overtaken} changed meanwhile by a host, ${result.unreadable.length} that do not open\n`,
    );
    for (const { key, workspaceId, reason } of result.unreadable) {
      output.write(`  ${nameOf(key, workspaceId)}: ${reason}\n`);
    }
    if (result.unreadable.length > 0) {
      throw secretErrors.SECRETS_STAY_CLOSED({ count: result.unreadable.length });
    }
  });
}
