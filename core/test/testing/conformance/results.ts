import { definePlugin, type EnvMutator, type Plugin, type PluginContext } from "@molecule/core";
import { checkConformance, type ConformanceOptions, type ConformanceResult } from "@molecule/core/testing";
import { expect } from "chai";

/** A plugin with one mutator and what else its setup does. */
export function pluginOf(mutator: EnvMutator, setup: (ctx: PluginContext) => void = () => undefined): Plugin {
  return definePlugin({
    name: "bad",
    api: 1,
    setup(ctx) {
      ctx.envMutators.add(mutator);
      setup(ctx);
    },
  });
}

/** The faults, after checking that no other check failed and that they say all that is expected. */
export async function expectOnly(
  plugin: Plugin,
  options: ConformanceOptions,
  check: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const failures = failuresOf(await checkConformance(plugin, options));
  expect(failures.map((each) => each.check)).to.have.length(1, JSON.stringify(failures));
  const [failure] = failures;
  expect(failure?.check).to.contain(check);
  for (const text of texts) expect(failure?.faults.join("\n")).to.contain(text);
  return failure?.faults ?? [];
}

/** The checks that failed. */
export function failuresOf(
  results: readonly ConformanceResult[],
): { check: string; faults: readonly string[] }[] {
  return results.flatMap((result) =>
    result.kind === "failed" ? [{ check: result.check, faults: result.faults }] : [],
  );
}

/** Why checks said nothing. */
export function reasonsOf(results: readonly ConformanceResult[]): string[] {
  return results.flatMap((result) =>
    result.kind === "not-applicable" ? [`${result.check}: ${result.reason}`] : [],
  );
}
