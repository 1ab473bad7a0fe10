import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { runMutator, type RunMutatorOptions } from "@molecule/core/testing";
import { expect } from "chai";
import type { IdentityConfig } from "../dist/config.js";
import { identityMutator } from "../dist/mutator.js";
import { readWrapper } from "../dist/wrapper.js";
import { WRAPPER } from "./support/sandbox.js";

const WORKSPACE_ID = "12345678-9abc-4def-8012-3456789abcde";
const CONFIG: IdentityConfig = {
  roles: { "PMM-lead": { owner: "alice" }, " qa ": { owner: "quinn" }, Default: { owner: "fallback" } },
};

describe("the gh-identity mutator", () => {
  const run = async (
    env: Readonly<Record<string, string>>,
    config = CONFIG,
    options: RunMutatorOptions = {},
  ) => {
    const mutator = identityMutator(config, await readWrapper(new AbortController().signal));
    return runMutator(mutator, { env, facts: { workspaceId: WORKSPACE_ID }, ...options });
  };

  it("sets the agent's identity, and nothing else", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "pmm-lead", OTHER: "stays" });
    const script = await readFile(WRAPPER);
    expect(env).to.deep.equal({
      OTHER: "stays",
      MOLECULE_AGENT_ROLE: "Pmm-Lead",
      MOLECULE_OWNER: "alice",
      MOLECULE_WORKSPACE_ID: WORKSPACE_ID,
      MOLECULE_ATTRIBUTION_BADGE: "🤖 [Agent: Pmm-Lead · ws-12345678]",
      MOLECULE_GH_WRAPPER_B64: script.toString("base64"),
      MOLECULE_GH_WRAPPER_SHA: createHash("sha256").update(script).digest("hex").slice(0, 12),
      PATH: "/configs/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    });
  });

  it("installs the wrapper as an executable", async () => {
    const { result } = await run({ MOLECULE_AGENT_ROLE: "dev" });
    const content = await readFile(WRAPPER);
    expect(result.ok && result.files).to.deep.equal([{ path: "/configs/bin/gh", mode: 0o755, content }]);
  });

  for (const env of [{}, { MOLECULE_AGENT_ROLE: "" }, { MOLECULE_AGENT_ROLE: " \n\t" }]) {
    it(`edits nothing when the role is ${JSON.stringify(env.MOLECULE_AGENT_ROLE)}`, async () => {
      const outcome = await run({ ...env, PATH: "/bin" });
      expect(outcome.env).to.deep.equal({ ...env, PATH: "/bin" });
      expect(outcome.result.ok && outcome.result.files).to.deep.equal([]);
    });
  }

  const owners: readonly [string, string, IdentityConfig][] = [
    ["pmm-lead", "alice", CONFIG],
    ["PMM-LEAD", "alice", CONFIG],
    ["Qa", "quinn", CONFIG],
    ["stranger", "fallback", CONFIG],
    ["stranger", "", { roles: { qa: { owner: "quinn" } } }],
    ["constructor", "", { roles: {} }],
    ["stranger", "", {}],
  ];
  for (const [role, owner, config] of owners) {
    it(`gives the role ${role} the owner "${owner}" by ${JSON.stringify(config)}`, async () => {
      expect((await run({ MOLECULE_AGENT_ROLE: role }, config)).env.MOLECULE_OWNER).to.equal(owner);
    });
  }

  it("puts the wrapper's folder before the PATH that is there", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "dev", PATH: "/opt/bin:/bin" });
    expect(env.PATH).to.equal("/configs/bin:/opt/bin:/bin");
  });

  it("takes the default PATH in place of an empty one", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "dev", PATH: "" });
    expect(env.PATH).to.match(/^\/configs\/bin:\/usr\/local\/sbin:/);
  });

  it("keeps a PATH that its manifest entry does not let it read", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "dev", PATH: "/opt/bin" }, CONFIG, {
      reads: ["MOLECULE_*"],
    });
    expect(env.PATH).to.equal("/configs/bin:/opt/bin");
  });

  it("uses the wrapper's path as the workspace's process sees it", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "dev", PATH: "/bin" }, CONFIG, {
      fileRoot: "/srv/ws-1",
    });
    expect(env.PATH).to.equal("/srv/ws-1/configs/bin:/bin");
  });

  it("tells the wrapper where the audit log is when the config says so", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "dev" }, { auditLog: "/workspace/gh.jsonl" });
    expect(env.MOLECULE_GH_AUDIT_LOG).to.equal("/workspace/gh.jsonl");
  });

  it("stays well within the size that a variable may have", async () => {
    const { env } = await run({ MOLECULE_AGENT_ROLE: "dev" });
    expect(env.MOLECULE_GH_WRAPPER_B64?.length).to.be.below(32 * 1024);
  });
});
