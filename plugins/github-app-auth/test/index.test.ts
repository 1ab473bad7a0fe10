import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kernel, parseManifest, SecretMasker, systemClock } from "@molecule/core";
import { describeConformance, RecordingLogger } from "@molecule/core/testing";
import plugin from "@molecule/plugin-github-app-auth";
import { GithubApp } from "@molecule/test/support/github-app.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

describe("the plugin github-app-auth in a kernel", () => {
  let github: GithubApp;
  let dir: string;
  let env: Record<string, string>;
  let kernel: Kernel | undefined;
  const masker = new SecretMasker();
  const log = new RecordingLogger();

  beforeEach(async () => {
    github = new GithubApp();
    dir = await tempDir("github-app-kernel-");
    // As a deployment has it: the package stands in node_modules beside the manifest.
    await mkdir(join(dir, "node_modules/@molecule"), { recursive: true });
    await symlink(PACKAGE, join(dir, "node_modules/@molecule/plugin-github-app-auth"));
    await writeFile(join(dir, "key.pem"), github.pem("pkcs8"));
    env = {
      GITHUB_APP_ID: github.appId,
      GITHUB_APP_INSTALLATION_ID: github.installationId,
      GITHUB_APP_PRIVATE_KEY_FILE: "key.pem",
      GITHUB_API_URL: await github.listen(),
    };
  });
  afterEach(async () => {
    await kernel?.stop();
    kernel = undefined;
    await github.close();
  });

  const boot = async (config: unknown = {}): Promise<Kernel> => {
    const module = "@molecule/plugin-github-app-auth";
    const entry = { name: "github-app-auth", module, when: { env: "GITHUB_APP_ID" }, config };
    const manifest = { version: 1, plugins: [entry], workspace_templates: [] };
    const made = new Kernel({
      manifest: parseManifest(JSON.stringify(manifest), join(dir, "manifest.json")),
      env,
      clock: systemClock,
      log,
      masker,
    });
    kernel = made;
    await made.boot("env");
    await made.boot("storage");
    return made;
  };
  const ask = (from: Kernel) =>
    from.installationToken({ workspaceId: null, signal: new AbortController().signal });

  it("is off without GITHUB_APP_ID, and then there is no provider", async () => {
    env = {};
    const made = await boot();
    expect(made.plugins.status()[0]).to.include({ state: "disabled", error: null });
    expect(await ask(made)).to.equal(null);
  });

  it("asks GitHub for nothing at boot, and backs the host's question for a token", async () => {
    const made = await boot();
    expect(made.plugins.status()[0]).to.deep.include({ state: "enabled", error: null });
    expect(github.requests).to.equal(0);
    const answer = await ask(made);
    expect(answer?.token).to.equal(github.mints[0]?.token);
    expect(answer?.expiresAt.getTime()).to.equal(github.mints[0]?.expiresAt);
  });

  it("fails alone, naming every wrong variable", async () => {
    env = { ...env, GITHUB_APP_INSTALLATION_ID: "my-org", GITHUB_APP_PRIVATE_KEY_FILE: "no.pem" };
    const [status] = (await boot()).plugins.status();
    expect(status?.state).to.equal("failed");
    expect(status?.error?.code).to.equal("GITHUB_APP_SETTINGS_INVALID");
    expect(status?.error?.message)
      .to.contain("GITHUB_APP_INSTALLATION_ID")
      .and.contain("GITHUB_APP_PRIVATE_KEY_FILE");
  });

  for (const config of [
    { repositories: [] },
    { repositories: ["owner/name"] },
    { permissions: { contents: "all" } },
    { repos: ["a"] },
  ]) {
    it(`refuses the config ${JSON.stringify(config)}`, async () => {
      expect((await boot(config)).plugins.status()[0]?.error?.code).to.equal("PLUGIN_CONFIG_INVALID");
    });
  }
});

describe("github-app-auth", () => {
  const github = new GithubApp();
  // Known before the suite is made; the server listens when it runs.
  const env = {
    GITHUB_APP_ID: github.appId,
    GITHUB_APP_INSTALLATION_ID: github.installationId,
    GITHUB_APP_PRIVATE_KEY_FILE: "",
    GITHUB_API_URL: "",
  };
  before(async () => {
    // The suite compares what one plugin after the other sets.
    const started = Date.now();
    github.now = () => started;
    github.newToken = () => "ghs_0123456789abcdef";
    env.GITHUB_API_URL = await github.listen();
    env.GITHUB_APP_PRIVATE_KEY_FILE = join(await tempDir("github-app-"), "key.pem");
    await writeFile(env.GITHUB_APP_PRIVATE_KEY_FILE, github.pem());
  });
  after(() => github.close());

  describeConformance(plugin, {
    env,
    reads: ["GIT_CONFIG_COUNT", "PATH"],
    writes: [
      "GITHUB_TOKEN",
      "GH_TOKEN",
      "*_ENTERPRISE_TOKEN",
      "GH_HOST",
      "GIT_CONFIG_*",
      "MOLECULE_*",
      "PATH",
    ],
    provokeFailure: () => {
      github.fault = { status: 401 };
      return () => {
        github.fault = undefined;
      };
    },
    // A worker has no environment of the host, and the key and its folder are named there.
    worker: false,
  });
});
