import { resolve } from "node:path";
import type { CliContext } from "./program.js";

/** The manifest that the host would read, unless one is given. Absolute. */
export function manifestPath({ env, cwd }: CliContext, given?: string): string {
  // An empty variable counts as unset, as for the host.
  const fromEnv = env.MOLECULE_MANIFEST === "" ? undefined : env.MOLECULE_MANIFEST;
  return resolve(cwd, given ?? fromEnv ?? "manifest.json");
}
