import type { Plugin } from "../../src/index.js";
import type { ConformanceCheck, Verdict } from "./check.js";
import { aborts } from "./checks/aborts.js";
import { declaredVariables } from "./checks/declared-variables.js";
import { idempotent } from "./checks/idempotent.js";
import { keepsSecrets } from "./checks/keeps-secrets.js";
import { leavesNothing } from "./checks/leaves-nothing.js";
import { loads } from "./checks/loads.js";
import { orderIndependent } from "./checks/order-independent.js";
import { runs } from "./checks/runs.js";
import { sameInWorker } from "./checks/same-in-worker.js";
import type { ConformanceOptions } from "./options.js";

/** The rules, in the order in which they make sense to an author. */
export const conformanceChecks: readonly ConformanceCheck[] = [
  loads,
  runs,
  idempotent,
  orderIndependent,
  aborts,
  leavesNothing,
  declaredVariables,
  keepsSecrets,
  sameInWorker,
];

/** How one rule of the suite came out. */
export type ConformanceResult = Verdict & { readonly check: string };

/** Runs one check, unless the options decline it. */
export async function runCheck(
  check: ConformanceCheck,
  plugin: Plugin,
  options: ConformanceOptions,
): Promise<Verdict> {
  const reason = check.declined?.(options);
  return reason === undefined ? await check.run(plugin, options) : { kind: "not-applicable", reason };
}

/**
 * Checks a plugin against every rule, one after the other: for test runners other than mocha, and for a look at the
 * results. Never throws.
 *
 * @example
 * ```ts
 * const results = await checkConformance(plugin, { config: { team: "blue" } });
 * assert.deepEqual(results.filter(({ kind }) => kind === "failed"), []);
 * ```
 */
export async function checkConformance(
  plugin: Plugin,
  options: ConformanceOptions = {},
): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const check of conformanceChecks) {
    results.push({ check: check.title, ...(await runCheck(check, plugin, options)) });
  }
  return results;
}
