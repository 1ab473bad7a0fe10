import type { EnvMutator } from "@molecule/core";
import { readVault } from "./vault.js";

/** The role whose secrets every workspace gets, under those of its own role. */
const FOR_ALL = "default";

/** The mutator that sets a workspace's secrets as `<prefix><NAME>`, and lists their names in `<prefix>NAMES`. */
export function vaultMutator({ file, prefix }: { file: string; prefix: string }): EnvMutator {
  return {
    name: "acme-vault",
    async mutate(env, { signal, log }) {
      const vault = await readVault(file, signal);
      const role = env.get("MOLECULE_AGENT_ROLE")?.toLowerCase() ?? FOR_ALL;
      const secrets = { ...vault.roles[FOR_ALL], ...vault.roles[role] };
      const expiry = vault.expiresAt === undefined ? {} : { expiresAt: new Date(vault.expiresAt) };
      for (const [name, value] of Object.entries(secrets)) {
        env.set(`${prefix}${name}`, env.secret(value, expiry));
      }
      env.set(`${prefix}NAMES`, Object.keys(secrets).sort().join(","));
      log.debug("secrets set", { role, count: Object.keys(secrets).length });
    },
  };
}
