import { leakHooks } from "./leak-check.js";
import { endEverything } from "./lifetime.js";

/** Root hooks of every mocha run; `.mocharc.json` names this file. */
export const mochaHooks = leakHooks;

/** Ends engines, servers and hosts of the tests, and removes their folders. */
export async function mochaGlobalTeardown(): Promise<void> {
  await endEverything();
}
