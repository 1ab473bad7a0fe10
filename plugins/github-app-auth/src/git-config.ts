import type { EnvDraft } from "@molecule/core";

/**
 * Adds settings to git's configuration by environment (git-config(1), `GIT_CONFIG_COUNT`; git 2.31 or later), after
 * those that are there. A count that is none is replaced: git would refuse every command with it.
 */
export function addGitConfig(
  env: EnvDraft,
  settings: readonly (readonly [key: string, value: string])[],
): void {
  const present = env.get("GIT_CONFIG_COUNT") ?? "";
  const first = /^\d{1,4}$/.test(present) ? Number(present) : 0;
  settings.forEach(([key, value], index) => {
    env.set(`GIT_CONFIG_KEY_${first + index}`, key);
    env.set(`GIT_CONFIG_VALUE_${first + index}`, value);
  });
  env.set("GIT_CONFIG_COUNT", String(first + settings.length));
}

/** The setting's value by which git asks a program for credentials; git gives it to a shell. */
export function credentialHelper(program: string): string {
  return `!'${program.replaceAll("'", `'\\''`)}' credential`;
}
