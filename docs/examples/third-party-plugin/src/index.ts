import { resolve } from "node:path";
import { definePlugin, Type } from "@molecule/core";
import { vaultMutator } from "./mutator.js";
import { readVault } from "./vault.js";

export default definePlugin({
  name: "acme-vault",
  api: 1,
  config: Type.Object(
    {
      /** Path of the vault's file; a relative one is relative to the manifest. */
      file: Type.String({ minLength: 1 }),
      /** What the names of the variables start with. */
      prefix: Type.String({ default: "VAULT_", pattern: "^[A-Z][A-Z0-9_]*_$" }),
    },
    { additionalProperties: false },
  ),
  async setup(ctx) {
    const file = resolve(ctx.manifestDir, ctx.config.file);
    // Read once here as well: a faulty file shall show at boot, not when the first workspace starts.
    await readVault(file, ctx.signal);
    ctx.envMutators.add(vaultMutator({ file, prefix: ctx.config.prefix }));
  },
});
