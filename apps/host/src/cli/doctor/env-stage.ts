import type { Clock, EnvOrigin, Manifest } from "@molecule/core";
import { runEnvStage } from "../../config/env-stage.js";
import type { Environment } from "../../config/variables.js";
import { findingOf, linesOf, type CheckResult } from "./check.js";

/** What is looked at, and with which environment. */
export interface EnvStageInputs {
  readonly manifest: Manifest;
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: Clock;
}

/** The environment that the host would have, as far as that can be found out. */
export interface ExaminedEnv {
  readonly env: Environment;
  readonly origins: ReadonlyMap<string, EnvOrigin>;
  readonly results: readonly CheckResult[];
}

/**
 * Runs stage `env` as boot does, on a copy of the environment: all that follows depends on what it gives, and whether
 * the `.env` file is found and the control plane answers is told by its tasks, which are bounded by the kernel.
 */
export async function examineEnvStage(inputs: EnvStageInputs): Promise<ExaminedEnv> {
  try {
    const { env, origins, entries } = await runEnvStage(inputs);
    const results = entries
      .filter(({ stage, outcome }) => stage === "env" || outcome === "failed")
      .map(({ name, outcome, detail = "" }): CheckResult => {
        const check = `env stage ${name}`;
        // A warning: boot goes on without it.
        if (outcome === "failed") return { name: check, status: "warn", ...linesOf(detail) };
        return { name: check, status: "ok", finding: detail === "" ? "done" : detail };
      });
    return { env, origins, results };
  } catch (error) {
    const results = [{ name: "env stage", ...findingOf(error) }];
    return { env: inputs.env, origins: new Map(), results };
  }
}
