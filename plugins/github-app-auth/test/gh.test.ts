import { mkdir } from "node:fs/promises";
import { expect } from "chai";
import { useWorkspace } from "./support/workspace.js";

const OLD = "ghs_old0123456789";
const NEW = "ghs_new0123456789";

/** Stands in for the GitHub CLI: shows its arguments, its tokens, and where it would find the next gh. */
const RECORDER = `#!/bin/sh
printf '%s|' "$@"
printf '%s' "\${GH_TOKEN-unset} \${GITHUB_TOKEN-unset} \${GH_ENTERPRISE_TOKEN-unset} $(command -v gh)"
exit "\${RECORDER_EXIT:-0}"
`;

describe("the gh that github-app-auth puts before the real one", () => {
  const workspace = useWorkspace();
  beforeEach(async () => {
    await workspace().tool("curl");
    await workspace().tool("sh");
    await workspace().script("real/gh", RECORDER);
    workspace().gives(NEW, new Date(Date.now() + 3_600_000));
  });

  const gh = (
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    folders = ["bin", "real", "tools"],
  ) =>
    workspace().run([workspace().path("bin/gh"), ...args], {
      PATH: folders.map((folder) => workspace().path(folder)).join(":"),
      ...env,
    });
  const shown = (tokens: string, folder = "real") => `${tokens} ${workspace().path(folder)}/gh`;

  it("calls it with a fresh token, the arguments as they are, and its exit code", async () => {
    const args = ["api", "a b", "", "*", "$(id)"];
    const result = await gh(args, { GH_TOKEN: OLD, GITHUB_TOKEN: OLD, RECORDER_EXIT: "4" });
    expect(result).to.deep.equal({
      code: 4,
      stdout: `api|a b||*|$(id)|${shown(`${NEW} ${NEW} unset`)}`,
      stderr: "",
    });
  });

  it("renews the token of an Enterprise Server too", async () => {
    const { stdout } = await gh(["x"], { GH_ENTERPRISE_TOKEN: OLD });
    expect(stdout).to.equal(`x|${shown(`unset unset ${NEW}`)}`);
  });

  it("leaves a token alone that is not an app's, and asks nobody without one", async () => {
    expect((await gh(["x"], { GH_TOKEN: "ghp_own" })).stdout).to.equal(`x|${shown("ghp_own unset unset")}`);
    expect((await gh(["x"], {})).stdout).to.equal(`x|${shown("unset unset unset")}`);
    expect(workspace().requests).to.be.empty;
  });

  it("says why there is no fresh token, and goes on with the old one", async () => {
    workspace().answer = { status: 404, body: '{"error":"no GitHub App configured"}' };
    const result = await gh(["--version"], { GH_TOKEN: OLD });
    expect(result.code).to.equal(0);
    expect(result.stdout).to.equal(`--version|${shown(`${OLD} unset unset`)}`);
    expect(result.stderr).to.match(/^molecule-github-token: .*no GitHub App configured\n$/);
  });

  it("ends with 127 and one clear line when there is no gh behind it", async () => {
    expect(await gh(["x"], {}, ["bin", "tools"])).to.deep.equal({
      code: 127,
      stdout: "",
      stderr: "gh (GitHub token): no GitHub CLI on PATH; install gh in the image of the workspace\n",
    });
  });

  describe("beside another one that looks for the next gh from the start of PATH", () => {
    beforeEach(async () => {
      await mkdir(workspace().path("other"));
      // As gh-identity's wrapper: the first gh that is not itself.
      await workspace().script(
        "other/gh",
        `#!/bin/sh\nIFS=:\nfor dir in $PATH; do [ "$dir/gh" -ef "$0" ] || [ ! -x "$dir/gh" ] || exec "$dir/gh" other "$@"; done\nexit 126\n`,
      );
    });

    for (const folders of [
      ["bin", "other", "real", "tools"],
      ["other", "bin", "real", "tools"],
    ]) {
      it(`both are passed once: ${folders.join(":")}`, async () => {
        const program = workspace().path(`${folders[0] ?? ""}/gh`);
        const result = await workspace().run([program, "x"], {
          PATH: folders.map((folder) => workspace().path(folder)).join(":"),
          GH_TOKEN: OLD,
        });
        expect(result.stdout).to.match(new RegExp(`^other\\|x\\|${NEW} `));
      });

      it(`they come to an end without a real one: ${folders.join(":")}`, async () => {
        const path = folders.filter((folder) => folder !== "real").map((folder) => workspace().path(folder));
        const result = await workspace().run([`${path[0] ?? ""}/gh`, "x"], { PATH: path.join(":") });
        expect(result.code).to.be.oneOf([126, 127]);
      });
    }
  });
});
