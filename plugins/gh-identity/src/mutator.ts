import { posix } from "node:path";
import type { EnvMutator } from "@molecule/core";
import { roleKey, type IdentityConfig } from "./config.js";
import { badgeOf, displayRole } from "./identity.js";
import type { GhWrapper } from "./wrapper.js";

/** On a volume: the root of a tier-1 workspace is read-only, so nothing could be put elsewhere. */
const WRAPPER_PATH = "/configs/bin/gh";

/** What Docker gives a container whose image and configuration have no PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The role whose owner stands in for every role that has none. */
const FALLBACK_ROLE = "default";

/** The mutator that gives a workspace with a role its GitHub identity; one without a role is left as it is. */
export function identityMutator(config: IdentityConfig, wrapper: GhWrapper): EnvMutator {
  const owners = new Map(
    Object.entries(config.roles ?? {}).map(([role, { owner }]) => [roleKey(role), owner]),
  );
  return {
    name: "gh-identity",
    mutate(env, ctx) {
      const role = displayRole(env.get("MOLECULE_AGENT_ROLE") ?? "");
      if (role === "") return;
      env.set("MOLECULE_AGENT_ROLE", role);
      env.set("MOLECULE_OWNER", owners.get(roleKey(role)) ?? owners.get(FALLBACK_ROLE) ?? "");
      env.set("MOLECULE_WORKSPACE_ID", ctx.workspaceId);
      env.set("MOLECULE_ATTRIBUTION_BADGE", badgeOf(role, ctx.workspaceId));
      env.set("MOLECULE_GH_WRAPPER_B64", wrapper.base64);
      env.set("MOLECULE_GH_WRAPPER_SHA", wrapper.sha);
      if (config.auditLog !== undefined) env.set("MOLECULE_GH_AUDIT_LOG", config.auditLog);
      const path = env.files.add({ path: WRAPPER_PATH, mode: 0o755, content: wrapper.content });
      // An empty PATH means the current folder only; setDefault would keep it.
      if (env.get("PATH") === "") env.unset("PATH");
      env.setDefault("PATH", DEFAULT_PATH);
      env.prepend("PATH", posix.dirname(path));
    },
  };
}
