import { leakHooks } from "./leak-check.js";
import { atEnd, endEverything } from "./lifetime.js";
import { finishSecretWatch, nameTest, startSecretWatch } from "./secret-watch.js";

/** Root hooks of every mocha run; `.mocharc.json` names this file. */
export const mochaHooks: Mocha.RootHookObject = {
  ...leakHooks,
  async beforeEach(this: Mocha.Context) {
    nameTest(this.currentTest?.fullTitle() ?? "?");
    await leakHooks.beforeEach();
  },
};

/** The run's outputs are kept from here on, and searched for its secrets when everything has ended. */
export function mochaGlobalSetup(): void {
  startSecretWatch();
  // The first to be registered is the last to run: what is left of the tests' databases has been read by then.
  atEnd(async () => {
    process.stdout.write(`${await finishSecretWatch()}\n`);
  });
}

/** Ends engines, servers and hosts of the tests, and removes their folders. A throw fails the run. */
export async function mochaGlobalTeardown(): Promise<void> {
  await endEverything();
}
