import type { LaunchSpec } from "@molecule/core";
import type { WorkspaceFolder } from "./workspace-folder.js";

/** What a shell can hand on (POSIX, XBD 3.216 "Name"); dash drops all others. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The environment of a workspace's process, and what of it could not be given. */
export interface ProcessEnv {
  readonly env: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
}

/**
 * The environment that every process begins with. Nothing else of the host's own gets in: secrets are in there.
 * @param hostEnv the host's environment
 */
export function baseProcessEnv(
  hostEnv: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return {
    PATH: hostEnv.PATH ?? "/usr/local/bin:/usr/bin:/bin",
    LANG: hostEnv.LANG ?? "C.UTF-8",
    // Many share this machine: each takes a port that is free, and registers with it.
    AGENT_PORT: "0",
  };
}

/** The base with the workspace's folders and what the launch adds and takes away. */
export function workspaceProcessEnv(
  base: Readonly<Record<string, string>>,
  spec: LaunchSpec,
  folder: WorkspaceFolder,
): ProcessEnv {
  const all = { ...base, HOME: folder.home, TMPDIR: folder.temporary, ...spec.env };
  const wanted = Object.entries(all).filter(([key]) => !spec.unsetEnv.includes(key));
  const refused = wanted.map(([key]) => key).filter((key) => !SHELL_NAME.test(key));
  return {
    env: Object.fromEntries(wanted.filter(([key]) => SHELL_NAME.test(key))),
    notices:
      refused.length === 0
        ? []
        : [
            `not given to the local process: ${refused.join(", ")}; only letters, digits and _ may stand in the name of a variable there`,
          ],
  };
}
