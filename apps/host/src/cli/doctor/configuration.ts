import { isCodedError } from "@molecule/core";
import { readConfig, type ConfigContext, type HostConfig } from "../../config/config.js";
import type { Environment } from "../../config/variables.js";
import { toFoundFault } from "../plugins/found-fault.js";
import { findingOf, type Finding } from "./check.js";

/** The configuration as far as it can be read, and what is to be said of it. */
export interface ExaminedConfig {
  readonly finding: Finding;
  /** With the defaults in the place of what is faulty, so that the rest can be looked at; null where that fails. */
  readonly config: HostConfig | null;
}

/** Reads the configuration as the host would. */
export function examineConfig(env: Environment, context: ConfigContext): ExaminedConfig {
  try {
    const config = readConfig(env, context);
    const where =
      config.environment ??
      "neither development nor production: as closed as production, but it may run on the embedded database and make keys for itself";
    return { finding: { status: "ok", finding: `no fault; environment: ${where}` }, config };
  } catch (error) {
    return { finding: findingOf(error), config: readRest(error, env, context) };
  }
}

function readRest(error: unknown, env: Environment, context: ConfigContext): HostConfig | null {
  // A fault may lie inside a value: SECRETS_ENCRYPTION_KEYS[1].id.
  const faulty = new Set(toFoundFault(error).faults.map(({ path }) => path.replace(/[[.].*$/, "")));
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !faulty.has(name)));
  try {
    return readConfig(rest, context);
  } catch (again) {
    if (isCodedError(again)) return null;
    throw again;
  }
}
