import type { Clock, Manifest } from "@molecule/core";
import { inspectInThread } from "../plugins/inspection.js";
import { findingOf, linesOf, runCheck, type CheckResult, type Finding } from "./check.js";

/** Looks at each plugin as far as that goes without its setup; one that is off is only told. */
export async function checkPlugins(
  manifest: Manifest,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<CheckResult[]> {
  // Loaded on demand: a host that starts has no use for the author's kit.
  const { decidePlugins } = await import("@molecule/core/testing");
  let decisions: ReturnType<typeof decidePlugins>;
  try {
    decisions = decidePlugins(manifest, env);
  } catch (error) {
    return [{ name: "plugins", ...findingOf(error) }];
  }
  if (decisions.length === 0) return [{ name: "plugins", status: "ok", finding: "the manifest lists none" }];
  const results: CheckResult[] = [];
  for (const { entry, enabled, reason } of decisions) {
    const work = async (signal: AbortSignal): Promise<Finding> => {
      if (!enabled) return { status: "ok", finding: `off (${reason})` };
      const inspection = await inspectInThread({ module: entry.module, entry, dir: manifest.dir }, signal);
      if (inspection.ok) return { status: "ok", finding: `version ${inspection.version}, on (${reason})` };
      const { message, code } = inspection.fault;
      return { status: "fail", ...linesOf(message, code) };
    };
    results.push(await runCheck(`plugin ${entry.name}`, clock, work));
  }
  return results;
}
