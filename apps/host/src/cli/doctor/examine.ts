import { readManifest, type Clock, type Manifest } from "@molecule/core";
import type { Environment } from "../../config/variables.js";
import { baseProcessEnv } from "../../runtimes/process/process-env.js";
import { findingOf, runCheck, type CheckResult } from "./check.js";
import { examineConfig } from "./configuration.js";
import { checkDataFolder, checkPermissions } from "./data-folder.js";
import { checkDatabase, readToggles } from "./database.js";
import { checkEncryptionKeys } from "./encryption-keys.js";
import { examineEngine } from "./engine.js";
import type { ExaminedEnv } from "./env-stage.js";
import { checkNode } from "./node.js";
import { examinePlugins } from "./plugins.js";
import { checkTemplates } from "./templates.js";

/** What an installation is examined by. */
export interface DoctorInputs {
  readonly env: Environment;
  readonly cwd: string;
  /** What default paths are relative to. */
  readonly home: string;
  /** As of `molecule start --dev`. */
  readonly dev: boolean;
  /** Absolute path. */
  readonly manifest: string;
  /** As in `process.versions.node`. */
  readonly nodeVersion: string;
  readonly clock: Clock;
}

/** What was found, and the environment that it was found with. */
export interface Examination {
  readonly results: readonly CheckResult[];
  /** After stage `env`: it may hold secrets that the process's own does not. */
  readonly env: Environment;
}

/** Looks at every part of an installation. Starts nothing, writes nothing, never throws. */
export async function examine(inputs: DoctorInputs): Promise<Examination> {
  const { cwd, home, dev, clock } = inputs;
  const results: CheckResult[] = [await runCheck("node", clock, () => checkNode(inputs.nodeVersion))];
  const manifest = await examineManifest(inputs, results);
  const configOf = ({ env, origins }: Omit<ExaminedEnv, "results">) =>
    examineConfig(env, {
      cwd,
      home,
      filled: { names: origins, dir: manifest?.dir ?? home },
      dev,
      terminal: false,
    });
  const examined =
    manifest === null
      ? { env: inputs.env, origins: new Map(), results: [] }
      : await examinePlugins({ ...inputs, manifest }, async (stage) => {
          const { config } = configOf(stage);
          return config === null ? new Map() : await readToggles(config);
        });
  results.push(...examined.results);
  const { env } = examined;
  const { finding, config } = configOf(examined);
  results.push({ name: "configuration", ...finding });
  if (config === null) {
    const reason = "not looked at: they need a configuration without faults";
    results.push({
      name: "data folder, database, encryption keys, engine, templates",
      status: "warn",
      finding: reason,
    });
    return { results, env };
  }
  results.push(await runCheck("data folder", clock, () => checkDataFolder(config.dataDir)));
  results.push(await runCheck("database", clock, () => checkDatabase(config)));
  results.push(await runCheck("encryption keys", clock, () => checkEncryptionKeys(config, clock)));

  const engine = await examineEngine(config, clock);
  try {
    results.push(engine.result);
    results.push(await runCheck("permissions", clock, () => checkPermissions(config.dataDir, engine.socket)));
    if (manifest !== null) {
      results.push(
        ...(await checkTemplates({
          manifest,
          examined: engine,
          path: baseProcessEnv(env).PATH ?? "",
          clock,
        })),
      );
    }
  } finally {
    engine.engine?.close();
  }
  return { results, env };
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
