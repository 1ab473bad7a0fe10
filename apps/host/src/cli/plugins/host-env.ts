import { isCodedError, messageOf, systemClock, type Manifest } from "@molecule/core";
import { runEnvStage } from "../../config/env-stage.js";
import { maskerOf } from "../../config/secret-names.js";
import type { Environment } from "../../config/variables.js";
import type { CliContext } from "../program.js";

/**
 * The environment that decides which plugins a host that starts here would run: that after stage `env`, which is run
 * on a copy. What of it fails is told on the error output, since a host may then decide otherwise; where it can't be run
 * at all, this process's environment is what is left.
 */
export async function hostEnv(manifest: Manifest, context: CliContext): Promise<Environment> {
  const { env, cwd, clock = systemClock, errorOutput } = context;
  if (!manifest.plugins.some(({ stage }) => stage === "env")) return env;
  const tell = (text: string) => errorOutput.write(`molecule: ${maskerOf(env).mask(text)}\n`);
  try {
    const stage = await runEnvStage({ manifest, env, cwd, clock });
    for (const { name, outcome, detail = "" } of stage.entries) {
      if (outcome === "failed") tell(`${name} of stage env failed, so it counts for nothing here: ${detail}`);
    }
    return stage.env;
  } catch (error) {
    // Overrides that are faulty fail what follows as well, with the same text.
    if (!isCodedError(error) || error.code !== "PLUGIN_OVERRIDES_INVALID") {
      tell(`stage env can't be run, so this process's environment alone decides: ${messageOf(error)}`);
    }
    return env;
  }
}
