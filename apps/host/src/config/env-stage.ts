import {
  Kernel,
  SecretMasker,
  silentLogger,
  type BootEntry,
  type Clock,
  type EnvOrigin,
  type Manifest,
  type PluginEntry,
} from "@molecule/core";
import { maskMessage } from "../mask-message.js";
import { maskerOf } from "./secret-names.js";
import type { Environment } from "./variables.js";

/** What stage `env` made of an environment. */
export interface EnvStage {
  /** A copy: that of the process stays as it is. */
  readonly env: Environment;
  readonly origins: ReadonlyMap<string, EnvOrigin>;
  /** How each plugin and task of the stage fared. */
  readonly entries: readonly BootEntry[];
}

/**
 * Runs stage `env` as boot does, for a command that needs the environment that the host would have: its plugins are
 * set up, their tasks run, and they are taken down again. What fails is told in the entries. Other plugins are not run,
 * so that theirs may be other files than those that were locked.
 * @throws MANIFEST_INTEGRITY_MISMATCH for those of stage `env`
 * @throws PLUGIN_REQUIRED_FAILED, PLUGIN_OVERRIDES_INVALID, BOOT_TASK_FAILED, BOOT_TASK_TIMEOUT
 */
export async function runEnvStage(inputs: {
  readonly manifest: Manifest;
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: Clock;
}): Promise<EnvStage> {
  const env = { ...inputs.env };
  const plugins = inputs.manifest.plugins.map((entry) => (entry.stage === "env" ? entry : unlocked(entry)));
  const manifest = { ...inputs.manifest, plugins };
  const kernel = new Kernel({ ...inputs, manifest, env, log: silentLogger, masker: new SecretMasker() });
  try {
    await kernel.boot("env");
    return { env, origins: kernel.envOrigins, entries: kernel.report.entries() };
  } catch (error) {
    maskMessage(error, maskerOf(env));
    throw error;
  } finally {
    await kernel.stop();
  }
}

function unlocked({ integrity: _, ...entry }: PluginEntry): PluginEntry {
  return entry;
}
