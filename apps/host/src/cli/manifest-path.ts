import { resolve } from "node:path";
import { locateManifest } from "../config/manifest-location.js";
import type { CliContext } from "./program.js";

/** The manifest that the host would read, unless one is given. Absolute. */
export async function manifestPath({ env, cwd }: CliContext, given?: string): Promise<string> {
  return given === undefined ? (await locateManifest(env, cwd)).path : resolve(cwd, given);
}
