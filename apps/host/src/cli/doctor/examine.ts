import { readManifest, type Clock, type Manifest } from "@molecule/core";
import type { Environment } from "../../config/variables.js";
import { baseProcessEnv } from "../../runtimes/process/process-env.js";
import { findingOf, runCheck, type CheckResult } from "./check.js";
import { examineConfig } from "./configuration.js";
import { checkDataFolder, checkPermissions } from "./data-folder.js";
import { checkDatabase } from "./database.js";
import { checkEncryptionKeys } from "./encryption-keys.js";
import { examineEngine } from "./engine.js";
import { checkNode } from "./node.js";
import { checkPlugins } from "./plugins.js";
import { checkTemplates } from "./templates.js";

/** What an installation is examined by. */
export interface DoctorInputs {
  readonly env: Environment;
  readonly cwd: string;
  /** As of `molecule start --dev`. */
  readonly dev: boolean;
  /** Absolute path. */
  readonly manifest: string;
  /** As in `process.versions.node`. */
  readonly nodeVersion: string;
  readonly clock: Clock;
}

/** Looks at every part of an installation. Starts nothing, writes nothing, never throws. */
export async function examine(inputs: DoctorInputs): Promise<CheckResult[]> {
  const { env, cwd, dev, clock } = inputs;
  const results: CheckResult[] = [await runCheck("node", clock, () => checkNode(inputs.nodeVersion))];
  const manifest = await examineManifest(inputs, results);
  if (manifest !== null) results.push(...(await checkPlugins(manifest, env, clock)));

  const { finding, config } = examineConfig(env, { cwd, dev, terminal: false }, manifest);
  results.push({ name: "configuration", ...finding });
  if (config === null) {
    const reason = "not looked at: they need a configuration without faults";
    results.push({ name: "data folder, database, encryption keys, engine, templates", status: "warn", finding: reason });
    return results;
  }
  results.push(await runCheck("data folder", clock, () => checkDataFolder(config.dataDir)));
  results.push(await runCheck("database", clock, () => checkDatabase(config)));
  results.push(await runCheck("encryption keys", clock, () => checkEncryptionKeys(config, clock)));

  const examined = await examineEngine(config, clock);
  try {
    results.push(examined.result);
    results.push(
      await runCheck("permissions", clock, () => checkPermissions(config.dataDir, examined.socket)),
    );
    if (manifest !== null) {
      results.push(
        ...(await checkTemplates({ manifest, examined, path: baseProcessEnv(env).PATH ?? "", clock })),
      );
    }
  } finally {
    examined.engine?.close();
  }
  return results;
}

async function examineManifest(
  { manifest: path, clock }: DoctorInputs,
  results: CheckResult[],
): Promise<Manifest | null> {
  let manifest: Manifest | null = null;
  const result = await runCheck("manifest", clock, async () => {
    try {
      manifest = await readManifest(path);
    } catch (error) {
      return findingOf(error);
    }
    const { plugins, templates } = manifest;
    return { status: "ok", finding: `${path}: ${plugins.length} plugins, ${templates.length} templates` };
  });
  results.push(result);
  return manifest;
}
