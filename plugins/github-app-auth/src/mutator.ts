import { posix } from "node:path";
import type { EnvDraft, EnvMutator } from "@molecule/core";
import { addGitConfig, credentialHelper } from "./git-config.js";
import type { TokenSource } from "./token-source.js";
import { isGithubCloud } from "./urls.js";
import type { WorkspaceScripts } from "./workspace-files.js";

/** On a volume: the root of a tier-1 workspace is read-only, so nothing could be put elsewhere. */
const FOLDER = "/configs/github/bin";

/** What Docker gives a container whose image and configuration have no PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What the variables hold in a preview: a mint costs, and shows at GitHub. */
const NOT_MINTED = "ghs_none-is-minted-in-a-preview";

/** What the mutator works with. */
export interface MutatorParts {
  readonly source: Pick<TokenSource, "token">;
  readonly scripts: WorkspaceScripts;
  /** Of repositories and pages, e.g. `https://github.com`. */
  readonly serverUrl: string;
  /** What requests to this host must name in SaaS; null elsewhere. */
  readonly orgId: string | null;
}

/** The mutator that gives a workspace a token of the app, and what keeps it fresh afterwards. */
export function githubAppMutator({ source, scripts, serverUrl, orgId }: MutatorParts): EnvMutator {
  return {
    name: "github-app-auth",
    async mutate(env, ctx) {
      if (ctx.dryRun) setTokens(env, serverUrl, NOT_MINTED);
      else {
        const { token, expiresAt } = await source.token(ctx.signal);
        setTokens(env, serverUrl, token, expiresAt);
        env.set("MOLECULE_GITHUB_TOKEN_EXPIRES_AT", expiresAt.toISOString());
      }
      if (orgId !== null) env.setDefault("MOLECULE_ORG_ID", orgId);
      const add = (name: string, content: Uint8Array) =>
        env.files.add({ path: `${FOLDER}/${name}`, mode: 0o755, content });
      const helper = add("molecule-github-token", scripts.helper);
      const folder = posix.dirname(add("gh", scripts.gh));
      // The empty value ends the list of helpers that an image has: git asks the next one only where one has nothing.
      addGitConfig(env, [
        [`credential.${serverUrl}.helper`, ""],
        [`credential.${serverUrl}.helper`, credentialHelper(helper)],
      ]);
      // An empty PATH means the current folder only; setDefault would keep it.
      if (env.get("PATH") === "") env.unset("PATH");
      env.setDefault("PATH", DEFAULT_PATH);
      env.prepend("PATH", folder);
    },
    token: ({ signal }) => source.token(signal),
  };
}

/** The GitHub CLI takes the token of an Enterprise Server from variables of its own (gh help environment). */
function setTokens(env: EnvDraft, serverUrl: string, token: string, expiresAt?: Date): void {
  const secret = env.secret(token, expiresAt === undefined ? {} : { expiresAt });
  env.set("GITHUB_TOKEN", secret);
  env.set("GH_TOKEN", secret);
  if (!isGithubCloud(serverUrl)) {
    env.set("GITHUB_ENTERPRISE_TOKEN", secret);
    env.set("GH_ENTERPRISE_TOKEN", secret);
  }
  const { host } = new URL(serverUrl);
  if (host !== "github.com") env.setDefault("GH_HOST", host);
}
