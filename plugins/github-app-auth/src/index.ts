import { CLOCK, definePlugin } from "@molecule/core";
import { GithubAppConfigSchema } from "./config.js";
import { GithubClient } from "./github-client.js";
import { githubAppMutator } from "./mutator.js";
import { readSettings } from "./settings.js";
import { TokenSource } from "./token-source.js";
import { readScripts } from "./workspace-files.js";

export default definePlugin({
  name: "github-app-auth",
  api: 1,
  config: GithubAppConfigSchema,
  async setup(ctx) {
    const settings = await readSettings(ctx.env, ctx.manifestDir);
    const scripts = await readScripts();
    const clock = ctx.resolve(CLOCK);
    const client = new GithubClient(settings, ctx.config, clock, ctx.log);
    const source = new TokenSource(client, settings.apiUrl, clock, ctx.signal);
    const { serverUrl } = settings;
    const orgId = ctx.env.MOLECULE_ORG_ID ?? "";
    ctx.envMutators.add(githubAppMutator({ source, scripts, serverUrl, orgId: orgId === "" ? null : orgId }));
  },
});
