import { defineErrors } from "../src/index.js";

/** Errors of the test kit; docs/errors.md explains each. */
export const testingErrors = defineErrors({
  CONFORMANCE_FAILED: (d: { plugin: string; rule: string; faults: readonly string[] }) =>
    `plugin "${d.plugin}" breaks the rule "${d.rule}":\n${d.faults.map((fault) => `  - ${fault}`).join("\n")}`,
  CONFORMANCE_NO_RUNNER: (d: { missing: string }) =>
    `describeConformance: found no global ${d.missing}, allowed: a mocha run; run the file with mocha, give options.runner, or await checkConformance() in another runner`,
});
