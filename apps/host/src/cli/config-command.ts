import { isCodedError, readManifest, systemClock, type Manifest } from "@molecule/core";
import type { Command } from "commander";
import { readConfig } from "../config/config.js";
import { describeOrigin, effectiveVariables, type EffectiveVariable } from "../config/effective.js";
import { runEnvStage, type EnvStage } from "../config/env-stage.js";
import { locateManifest } from "../config/manifest-location.js";
import { maskerOf } from "../config/secret-names.js";
import type { CliContext } from "./program.js";

/** Adds `molecule config`. */
export function registerConfigCommand(program: Command, context: CliContext): void {
  program
    .command("config")
    .description(
      "print the configuration that a host started here would have, and where each value comes from",
    )
    .option("--dev", "as molecule start --dev would have it")
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      "\nRuns the plugins of stage env as boot does: .env is read, and the control plane is asked where one is set up.\n" +
        "Changes nothing, and can be run beside a host. Secrets are masked.",
    )
    .action((options: { dev?: boolean; json?: boolean }) =>
      printConfig(context, { dev: options.dev === true, json: options.json === true }),
    );
}

/** @throws CONFIG_INVALID with every fault, or an error of the manifest or of stage `env` */
async function printConfig(context: CliContext, options: { dev: boolean; json: boolean }): Promise<void> {
  const { cwd, output } = context;
  const { path, home } = await locateManifest(context.env, cwd);
  const manifest = await readManifest(path);
  const stage = await runEnvStage({ manifest, env: context.env, cwd, clock: systemClock });
  const { env, origins } = stage;
  const filled = { names: origins, dir: manifest.dir };
  const terminal = "isTTY" in output && output.isTTY === true;
  const config = readConfig(env, { cwd, home, filled, dev: options.dev, terminal });
  const declared = await declaredBy(manifest, env);
  const variables = effectiveVariables({ env, given: context.env, origins, config, manifest, declared });
  const text = options.json ? renderJson(stage, variables) : renderText(stage, variables);
  output.write(`${maskerOf(env).mask(text)}\n`);
}

/** What the plugins that are on declare to read; one that can't be imported is the doctor's matter. */
async function declaredBy(manifest: Manifest, env: EnvStage["env"]): Promise<string[]> {
  // Loaded on demand: a host that starts has no use for the author's kit.
  const { decidePlugins, inspectPlugin } = await import("@molecule/core/testing");
  const names: string[] = [];
  for (const { entry, enabled } of decidePlugins(manifest, env)) {
    if (!enabled) continue;
    try {
      names.push(...(await inspectPlugin(entry, manifest.dir)).variables);
    } catch (error) {
      if (!isCodedError(error)) throw error;
    }
  }
  return names;
}

function renderJson({ entries }: EnvStage, variables: readonly EffectiveVariable[]): string {
  const ran = tasksOf(entries).map(({ name, outcome, detail = null }) => ({ name, outcome, detail }));
  return JSON.stringify({ env_stage: ran, variables }, null, 2);
}

function renderText({ entries }: EnvStage, variables: readonly EffectiveVariable[]): string {
  const ran = tasksOf(entries).map(
    ({ name, outcome, detail = "" }) =>
      `  ${outcome === "ok" ? "✓" : "✗"} ${name}: ${detail.split("\n", 1)[0] ?? ""}`,
  );
  const rows = variables.map(
    ({ name, value, origin }) => [name, value ?? "–", describeOrigin(origin)] as const,
  );
  const width = (column: 0 | 1) => Math.max(0, ...rows.map((row) => row[column].length));
  const [names, values] = [width(0), Math.min(60, width(1))];
  return [
    ...(ran.length === 0 ? [] : ["stage env, run as at boot:", ...ran, ""]),
    ...rows.map(([name, value, origin]) => `${name.padEnd(names)}  ${value.padEnd(values)}  ${origin}`),
  ].join("\n");
}

/** Boot tasks, and plugins that failed before they could add one; a plugin that is well adds nothing to its task. */
function tasksOf(entries: EnvStage["entries"]): EnvStage["entries"] {
  return entries.filter(({ stage, outcome }) => stage === "env" || outcome === "failed");
}
