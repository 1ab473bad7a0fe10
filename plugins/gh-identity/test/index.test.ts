import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kernel, parseManifest, SecretMasker, systemClock } from "@molecule/core";
import { RecordingLogger, runMutator } from "@molecule/core/testing";
import { expect } from "chai";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

describe("the plugin gh-identity in a kernel", () => {
  let dir: string;
  let kernel: Kernel | undefined;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "gh-identity-kernel-"));
  });
  afterEach(async () => {
    await kernel?.stop();
    await rm(dir, { recursive: true });
  });

  const boot = async (config: unknown, env: Record<string, string> = {}): Promise<Kernel> => {
    const manifest = {
      version: 1,
      plugins: [{ name: "gh-identity", module: "@molecule/plugin-gh-identity", config }],
      workspace_templates: [],
    };
    // As a deployment has it: the package stands in node_modules beside the manifest.
    await mkdir(join(dir, "node_modules/@molecule"), { recursive: true });
    await symlink(PACKAGE, join(dir, "node_modules/@molecule/plugin-gh-identity"));
    kernel = new Kernel({
      manifest: parseManifest(JSON.stringify(manifest), join(dir, "manifest.json")),
      env,
      clock: systemClock,
      log: new RecordingLogger(),
      masker: new SecretMasker(),
    });
    await kernel.boot("env");
    await kernel.boot("storage");
    return kernel;
  };

  /** The owner that a workspace of the role `dev` would get now. */
  const ownerOfDev = async () => {
    const [mutator] = kernel?.registries.envMutators.mutators() ?? [];
    if (mutator === undefined) expect.fail("it contributed no mutator");
    const { env } = await runMutator(mutator, { env: { MOLECULE_AGENT_ROLE: "dev" } });
    return env.MOLECULE_OWNER;
  };

  it("contributes one mutator, and takes it back when it is disabled", async () => {
    const { plugins, registries } = await boot({ roles: { dev: { owner: "alice" } } });
    expect(plugins.status()[0]).to.deep.include({ state: "enabled", error: null });
    expect(registries.envMutators.names()).to.deep.equal(["gh-identity"]);
    await kernel?.stop();
    expect(registries.envMutators.names()).to.deep.equal([]);
  });

  it("reads the file that the host's environment names, relative to the manifest", async () => {
    await writeFile(join(dir, "owners.yaml"), "roles: { dev: { owner: bob } }\n");
    await boot({}, { MOLECULE_GH_IDENTITY_CONFIG_FILE: "owners.yaml" });
    expect(await ownerOfDev()).to.equal("bob");
  });

  it("picks up a change of the file when it is disabled and enabled again, and heals from a wrong one", async () => {
    await writeFile(join(dir, "owners.yaml"), "roles: { dev: { owner: bob } }\n");
    const { plugins } = await boot({}, { MOLECULE_GH_IDENTITY_CONFIG_FILE: "owners.yaml" });
    const rewrite = async (text: string) => {
      await writeFile(join(dir, "owners.yaml"), text);
      await plugins.toggle("gh-identity", false);
      return (await plugins.toggle("gh-identity", true)).state;
    };
    expect(await rewrite("roles: { dev: { owner: carol } }\n")).to.equal("enabled");
    expect(await ownerOfDev()).to.equal("carol");
    expect(await rewrite("roles: 5\n")).to.equal("failed");
    expect(await rewrite("roles: { default: { owner: dora } }\n")).to.equal("enabled");
    expect(await ownerOfDev()).to.equal("dora");
  });

  it("fails alone, with its own code, when the file is wrong", async () => {
    await writeFile(join(dir, "owners.yaml"), "roles: 5\n");
    const { plugins, registries } = await boot({}, { MOLECULE_GH_IDENTITY_CONFIG_FILE: "owners.yaml" });
    expect(plugins.status()[0]?.state).to.equal("failed");
    expect(plugins.status()[0]?.error?.code).to.equal("GH_IDENTITY_CONFIG_INVALID");
    expect(registries.envMutators.names()).to.deep.equal([]);
  });

  it("is refused with the manifest's path to the fault when its config is wrong", async () => {
    const { plugins } = await boot({ roles: { dev: { owner: "a b" } } });
    expect(plugins.status()[0]?.error?.code).to.equal("PLUGIN_CONFIG_INVALID");
    expect(plugins.status()[0]?.error?.message).to.contain("roles.dev.owner");
  });
});
