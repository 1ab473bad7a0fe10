import type { Plugin } from "../../src/index.js";
import { testingErrors } from "../errors.js";
import { conformanceChecks, runCheck } from "./check-conformance.js";
import type { ConformanceOptions } from "./options.js";

/** What a test of mocha's is called on. */
export interface ConformanceTestContext {
  skip(): unknown;
  timeout(ms: number): unknown;
}

/** The two functions of mocha that a suite is made with. */
export interface ConformanceRunner {
  describe(title: string, body: () => void): unknown;
  it(title: string, body?: (this: ConformanceTestContext) => Promise<void>): unknown;
}

/** Ms for one check: it runs the plugin several times, and waits for what shall end. */
const CHECK_TIMEOUT_MS = 60_000;

/**
 * Adds the conformance suite for a plugin: one test per rule, each with a failure that says what to change. Call it
 * at the top of a mocha test file, or inside a `describe`. What the options do not ask for shows as pending.
 *
 * @throws CONFORMANCE_NO_RUNNER outside of mocha
 *
 * @example
 * ```ts
 * describeConformance(plugin, { config: { team: "blue" }, reads: [], writes: ["TEAM"] });
 * ```
 */
export function describeConformance(
  plugin: Plugin,
  options: ConformanceOptions & {
    /** Where the tests are added; mocha's globals by default. */
    readonly runner?: ConformanceRunner;
  } = {},
): void {
  const { runner = globalRunner(), ...rest } = options;
  runner.describe(`plugin "${plugin.name}" conforms`, () => {
    for (const check of conformanceChecks) {
      const declined = check.declined?.(rest);
      if (declined !== undefined) {
        runner.it(`${check.title} (not checked: ${declined})`);
        continue;
      }
      runner.it(check.title, async function () {
        this.timeout(CHECK_TIMEOUT_MS);
        const verdict = await runCheck(check, plugin, rest);
        if (verdict.kind === "not-applicable") this.skip();
        if (verdict.kind !== "failed") return;
        throw testingErrors.CONFORMANCE_FAILED({
          plugin: plugin.name,
          rule: check.title,
          faults: verdict.faults,
        });
      });
    }
  });
}

function globalRunner(): ConformanceRunner {
  const found: unknown = globalThis;
  if (isRunner(found)) return found;
  throw testingErrors.CONFORMANCE_NO_RUNNER({ missing: "describe and it" });
}

function isRunner(value: unknown): value is ConformanceRunner {
  return (
    typeof value === "object" &&
    value !== null &&
    "describe" in value &&
    typeof value.describe === "function" &&
    "it" in value &&
    typeof value.it === "function"
  );
}
