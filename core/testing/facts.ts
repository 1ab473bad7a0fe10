import type { ChainInput } from "../src/index.js";

/** What a provision is for, without what the host makes anew for each call. */
export type ProvisionFacts = ChainInput["facts"];

/** A plain workspace's provision, with what a test wants different. */
export function provisionFacts(changes: Partial<ProvisionFacts> = {}): ProvisionFacts {
  return {
    workspaceId: "00000000-0000-4000-8000-000000000001",
    name: "Test workspace",
    role: null,
    runtime: "demo",
    tier: 2,
    parentId: null,
    attempt: 1,
    dryRun: false,
    ...changes,
  };
}
