import { definePlugin } from "@molecule/core";
import { loadConfig } from "./config-file.js";
import { IdentityConfigSchema } from "./config.js";
import { identityMutator } from "./mutator.js";
import { readWrapper } from "./wrapper.js";

export default definePlugin({
  name: "gh-identity",
  api: 1,
  variables: ["MOLECULE_GH_IDENTITY_CONFIG_FILE"],
  config: IdentityConfigSchema,
  async setup(ctx) {
    const [config, wrapper] = await Promise.all([
      loadConfig({
        manifestConfig: ctx.config,
        env: ctx.env,
        manifestDir: ctx.manifestDir,
        log: ctx.log,
        signal: ctx.signal,
      }),
      readWrapper(ctx.signal),
    ]);
    ctx.envMutators.add(identityMutator(config, wrapper));
  },
});
