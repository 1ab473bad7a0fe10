import { runMutator, type RunMutatorOptions } from "@molecule/core/testing";
import { expect } from "chai";
import { githubAppMutator } from "../dist/mutator.js";
import { readScripts } from "../dist/workspace-files.js";

const TOKEN = "ghs_0123456789abcdef";
const END = new Date("2026-06-01T13:00:00Z");
const HELPER = "!'/configs/github/bin/molecule-github-token' credential";

describe("the github-app-auth mutator", () => {
  const run = async (
    options: RunMutatorOptions = {},
    serverUrl = "https://github.com",
    orgId: string | null = null,
  ) => {
    let asked = 0;
    const source = {
      token: () => {
        asked += 1;
        return Promise.resolve({ token: TOKEN, expiresAt: END });
      },
    };
    const mutator = githubAppMutator({ source, scripts: await readScripts(), serverUrl, orgId });
    return { ...(await runMutator(mutator, options)), asked };
  };

  it("sets the token, its end, git's helper and the way to gh, and nothing else", async () => {
    const { env } = await run({ env: { OTHER: "stays", PATH: "/usr/bin" } });
    expect(env).to.deep.equal({
      OTHER: "stays",
      GITHUB_TOKEN: TOKEN,
      GH_TOKEN: TOKEN,
      MOLECULE_GITHUB_TOKEN_EXPIRES_AT: "2026-06-01T13:00:00.000Z",
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "credential.https://github.com.helper",
      GIT_CONFIG_VALUE_0: "",
      GIT_CONFIG_KEY_1: "credential.https://github.com.helper",
      GIT_CONFIG_VALUE_1: HELPER,
      PATH: "/configs/github/bin:/usr/bin",
    });
  });

  it("marks the token as secret, with its end", async () => {
    const { result } = await run();
    expect(result.secrets).to.deep.equal([
      { key: "GITHUB_TOKEN", value: TOKEN, expiresAt: END },
      { key: "GH_TOKEN", value: TOKEN, expiresAt: END },
    ]);
    expect(JSON.stringify(result.ledger())).to.not.contain(TOKEN);
  });

  it("installs both scripts as executables, where the process finds them", async () => {
    const { result, env } = await run({ fileRoot: "/srv/it's a ws" });
    if (!result.ok) throw result.error;
    const { helper, gh } = await readScripts();
    expect(result.files).to.deep.equal([
      { path: "/configs/github/bin/molecule-github-token", mode: 0o755, content: helper },
      { path: "/configs/github/bin/gh", mode: 0o755, content: gh },
    ]);
    expect(env.PATH).to.match(/^\/srv\/it's a ws\/configs\/github\/bin:/);
    expect(env.GIT_CONFIG_VALUE_1).to.equal(
      String.raw`!'/srv/it'\''s a ws/configs/github/bin/molecule-github-token' credential`,
    );
  });

  it("gives an Enterprise Server's token to gh by the variables that it reads for one", async () => {
    const { env } = await run({}, "https://git.acme.com:8443");
    expect(env).to.include({
      GH_HOST: "git.acme.com:8443",
      GH_ENTERPRISE_TOKEN: TOKEN,
      GITHUB_ENTERPRISE_TOKEN: TOKEN,
      GIT_CONFIG_KEY_1: "credential.https://git.acme.com:8443.helper",
    });
  });

  it("takes GH_TOKEN for ghe.com, as gh does, and leaves a host that is named already", async () => {
    expect((await run({}, "https://acme.ghe.com")).env).to.include({ GH_HOST: "acme.ghe.com" });
    const { env } = await run({ env: { GH_HOST: "other" } }, "https://acme.ghe.com");
    expect(env)
      .to.include({ GH_HOST: "other", GH_TOKEN: TOKEN })
      .and.not.have.property("GH_ENTERPRISE_TOKEN");
  });

  it("adds to a configuration of git that is there, and replaces a count that git would refuse", async () => {
    const there = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "a.b", GIT_CONFIG_VALUE_0: "c" };
    const { env } = await run({ env: there });
    expect(env).to.include({ GIT_CONFIG_KEY_0: "a.b", GIT_CONFIG_COUNT: "3", GIT_CONFIG_VALUE_2: HELPER });
    for (const count of ["", "x", "-1"]) {
      expect((await run({ env: { GIT_CONFIG_COUNT: count } })).env.GIT_CONFIG_COUNT).to.equal("2");
    }
  });

  for (const path of [undefined, ""]) {
    it(`keeps the system's folders when PATH is ${path === undefined ? "unset" : "empty"}`, async () => {
      const { env } = await run({ env: path === undefined ? {} : { PATH: path } });
      expect(env.PATH).to.equal(
        "/configs/github/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      );
    });
  }

  it("tells the workspace the organisation that this host's requests must name", async () => {
    expect((await run({}, "https://github.com", "acme")).env.MOLECULE_ORG_ID).to.equal("acme");
  });

  it("mints nothing in a preview", async () => {
    const { env, asked } = await run({ facts: { dryRun: true } });
    expect(asked).to.equal(0);
    expect(env).to.include({ GH_TOKEN: "ghs_none-is-minted-in-a-preview", GIT_CONFIG_COUNT: "2" });
    expect(env).to.not.have.property("MOLECULE_GITHUB_TOKEN_EXPIRES_AT");
  });
});
