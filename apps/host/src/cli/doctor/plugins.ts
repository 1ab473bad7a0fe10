import type { PluginEntry } from "@molecule/core";
import { inspectInThread } from "../plugins/inspection.js";
import { findingOf, linesOf, runCheck, type CheckResult, type Finding } from "./check.js";
import { examineEnvStage, type EnvStageInputs, type ExaminedEnv } from "./env-stage.js";

/** Ms that a host gives a plugin's import: what it would take is no fault here, on a busy machine either. */
const IMPORT_TIMEOUT_MS = 30_000;

/**
 * Looks at each plugin as far as that goes without its setup; one that is off is only told. Those of stage `env` come
 * first and are then run, since what they set decides which others are on.
 * @param togglesOf reads what was toggled at run time, with the environment that stage `env` leaves
 */
export async function examinePlugins(
  inputs: EnvStageInputs,
  togglesOf: (examined: Omit<ExaminedEnv, "results">) => Promise<ReadonlyMap<string, boolean>>,
): Promise<ExaminedEnv> {
  const { manifest, env, clock } = inputs;
  const asFound = { env, origins: new Map() };
  if (manifest.plugins.length === 0) {
    return { ...asFound, results: [{ name: "plugins", status: "ok", finding: "the manifest lists none" }] };
  }
  const fillers = await checkPlugins({ manifest, env, clock }, isOfStageEnv);
  // In threads first: what hangs at its import must not take the doctor with it.
  const canRun = fillers.length > 0 && fillers.every(({ status }) => status !== "fail");
  const stage = canRun ? await examineEnvStage(inputs) : { ...asFound, results: [] };
  const toggles = await togglesOf(stage);
  const others = await checkPlugins(
    { manifest, env: stage.env, clock, toggles },
    (entry) => !isOfStageEnv(entry),
  );
  const results = new Map([...fillers, ...stage.results, ...others].map((each) => [each.name, each]));
  return { ...stage, results: [...results.values()] };
}

function isOfStageEnv({ stage }: PluginEntry): boolean {
  return stage === "env";
}

async function checkPlugins(
  {
    manifest,
    env,
    clock,
    toggles,
  }: Omit<EnvStageInputs, "cwd"> & { readonly toggles?: ReadonlyMap<string, boolean> },
  isConcerned: (entry: PluginEntry) => boolean,
): Promise<CheckResult[]> {
  // Loaded on demand: a host that starts has no use for the author's kit.
  const { decidePlugins } = await import("@molecule/core/testing");
  let decisions: ReturnType<typeof decidePlugins>;
  try {
    decisions = decidePlugins(manifest, env, toggles);
  } catch (error) {
    return [{ name: "plugins", ...findingOf(error) }];
  }
  const results: CheckResult[] = [];
  for (const { entry, enabled, reason } of decisions.filter((each) => isConcerned(each.entry))) {
    const work = async (signal: AbortSignal): Promise<Finding> => {
      if (!enabled) return { status: "ok", finding: `off (${reason})` };
      const inspection = await inspectInThread({ module: entry.module, entry, dir: manifest.dir }, signal);
      if (inspection.ok) return { status: "ok", finding: `version ${inspection.version}, on (${reason})` };
      const { message, code } = inspection.fault;
      return { status: "fail", ...linesOf(message, code) };
    };
    results.push(await runCheck(`plugin ${entry.name}`, clock, work, IMPORT_TIMEOUT_MS));
  }
  return results;
}
