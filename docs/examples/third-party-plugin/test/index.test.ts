import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCodedError } from "@molecule/core";
import { describeConformance, runMutator } from "@molecule/core/testing";
import plugin from "../src/index.js";
import { vaultMutator } from "../src/mutator.js";

const folder = mkdtempSync(join(tmpdir(), "acme-vault-"));
const file = join(folder, "vault.json");
const VAULT = JSON.stringify({
  expiresAt: "2030-01-01T00:00:00Z",
  roles: {
    default: { REGION_KEY: "region-key-0001" },
    "pmm-lead": { API_KEY: "api-key-0001", REGION_KEY: "region-key-lead" },
  },
});
writeFileSync(file, VAULT);

after(() => {
  rmSync(folder, { recursive: true });
});

describeConformance(plugin, {
  config: { file },
  workspaceEnv: { MOLECULE_AGENT_ROLE: "Pmm-Lead" },
  reads: ["MOLECULE_AGENT_ROLE"],
  writes: ["VAULT_*"],
  orderIndependent: true,
  module: new URL("../src/index.js", import.meta.url),
  provokeFailure() {
    writeFileSync(file, VAULT.replace('"api-key-0001"', "api-key-0001"));
    return () => {
      writeFileSync(file, VAULT);
    };
  },
});

describe("the vault's secrets", () => {
  const mutator = vaultMutator({ file, prefix: "VAULT_" });

  it("are those of the workspace's role over those for all, marked as secret until they expire", async () => {
    const { env, result } = await runMutator(mutator, { env: { MOLECULE_AGENT_ROLE: "Pmm-Lead" } });
    assert.equal(env.VAULT_API_KEY, "api-key-0001");
    assert.equal(env.VAULT_REGION_KEY, "region-key-lead");
    assert.equal(env.VAULT_NAMES, "API_KEY,REGION_KEY");
    const expiresAt = new Date("2030-01-01T00:00:00Z");
    assert.deepEqual(result.secrets, [
      { key: "VAULT_REGION_KEY", value: "region-key-lead", expiresAt },
      { key: "VAULT_API_KEY", value: "api-key-0001", expiresAt },
    ]);
  });

  it("are those for all where the workspace has no role", async () => {
    const { env } = await runMutator(mutator);
    assert.deepEqual(env, { VAULT_REGION_KEY: "region-key-0001", VAULT_NAMES: "REGION_KEY" });
  });

  it("fail the provision with what is wrong where the file is gone or no vault", async () => {
    const other = join(folder, "other.json");
    const failure = async () => {
      const { result } = await runMutator(vaultMutator({ file: other, prefix: "VAULT_" }));
      assert(!result.ok && isCodedError(result.error));
      return `${result.error.code} ${result.error.message}`;
    };
    assert.match(await failure(), /^ACME_VAULT_UNREADABLE .*other\.json can't be read: ENOENT/);
    writeFileSync(other, '{"roles": {"default": {"lower": "secret-0001"}}}');
    const invalid = await failure();
    assert.match(invalid, /^ACME_VAULT_INVALID .*roles\.default/);
    assert.doesNotMatch(invalid, /secret-0001/);
  });
});
