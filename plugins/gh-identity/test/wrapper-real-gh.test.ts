import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { makeCertificate } from "@molecule/test/support/certificate.js";
import { useProgram } from "@molecule/test/support/programs.js";
import { expect } from "chai";
import { useSandbox } from "./support/cases.js";
import { GithubApi } from "./support/github-api.js";
import { BADGE, type CallOptions } from "./support/sandbox.js";

const TOKEN = `ghs_${"x1.y2-z3_".repeat(57)}`;

describe("the wrapper before the real gh", () => {
  const sandbox = useSandbox();
  let realGh = "";
  let api: GithubApi | undefined;

  before(async function () {
    realGh = await useProgram(this, "gh");
    await mkdir(sandbox().path("cli"));
    await symlink(realGh, sandbox().path("cli/gh"));
    api = await GithubApi.onSocket(sandbox().path("api.sock"));
    await gh(["config", "set", "http_unix_socket", sandbox().path("api.sock")]);
  });
  beforeEach(() => {
    api?.mutations.splice(0);
  });
  after(() => api?.close());

  const gh = (args: readonly string[], options: CallOptions = {}) =>
    sandbox().gh(args, {
      ...options,
      path: sandbox().folders("bin", "cli", "tools"),
      env: {
        GH_CONFIG_DIR: sandbox().path("gh-config"),
        GH_NO_UPDATE_NOTIFIER: "1",
        GH_TOKEN: TOKEN,
        ...options.env,
      },
    });

  /** The inputs of the mutations that came, by name. */
  const inputs = () => Object.fromEntries((api?.mutations ?? []).map(({ name, input }) => [name, input]));

  it("opens a pull request with the badge in its body and the owner as assignee", async () => {
    const body = `"quotes" 'and' $(id)\n\n🎉\n`;
    const result = await gh([
      "-R",
      "o/r",
      "pr",
      "create",
      "-H",
      "feat",
      "-B",
      "main",
      "-t",
      "T",
      "-b",
      body,
      "-a",
      "@me",
    ]);
    expect(result.stderr).to.not.contain("@me");
    expect(result.code).to.equal(0);
    expect(inputs().PullRequestCreate).to.include({ title: "T", body: `${BADGE}\n\n${body}` });
    expect(inputs().PullRequestCreateMetadata).to.deep.include({ assigneeIds: ["U_alice"] });
    expect([...(api?.authorizations ?? [])]).to.deep.equal([`token ${TOKEN}`]);
    const line = (await sandbox().auditLines()).at(-1);
    expect(line?.argv).to.include.members(["pr", "create", "@me"]);
    expect(line?.exit_code).to.equal(0);
  });

  it("does the same at an Enterprise Server that GH_HOST names, by its own certificate", async function () {
    const certificate = await makeCertificate(this, ["IP:127.0.0.1"]);
    const enterprise = await GithubApi.withTls(certificate);
    try {
      const args = [
        "-R",
        "o/r",
        "pr",
        "create",
        "-H",
        "feat",
        "-B",
        "main",
        "-t",
        "T",
        "-b",
        "x",
        "-a",
        "@me",
      ];
      const env = {
        GH_HOST: enterprise.host,
        GH_ENTERPRISE_TOKEN: TOKEN,
        SSL_CERT_FILE: certificate.certFile,
        GH_CONFIG_DIR: sandbox().path("gh-enterprise"),
      };
      const result = await gh(args, { env });
      expect(result.code, result.stderr).to.equal(0);
      const sent = Object.fromEntries(enterprise.mutations.map(({ name, input }) => [name, input]));
      expect(sent.PullRequestCreate).to.include({ body: `${BADGE}\n\nx` });
      expect(sent.PullRequestCreateMetadata).to.deep.include({ assigneeIds: ["U_alice"] });
      expect([...enterprise.authorizations]).to.deep.equal([`token ${TOKEN}`]);
    } finally {
      await enterprise.close();
    }
  });

  it("opens an issue whose body comes on stdin, by gh's other name for create", async () => {
    const result = await gh(["issue", "new", "-R", "o/r", "-t", "T", "-F", "-"], { stdin: "piped\n" });
    expect(result).to.include({ code: 0, stdout: "https://github.com/o/r/issues/6\n" });
    expect(inputs().IssueCreate).to.include({ body: `${BADGE}\n\npiped\n` });
  });

  it("comments with a body of 100 KiB", async () => {
    const body = "0123456789abcde\n".repeat(6400);
    const result = await gh(["issue", "comment", "6", "--repo=o/r", `--body=${body}`]);
    expect(result.code).to.equal(0);
    expect(inputs().CommentCreate).to.include({ body: `${BADGE}\n\n${body}` });
  });

  it("creates an issue without an assignee when @me has no owner", async () => {
    const args = ["issue", "create", "-R", "o/r", "-t", "T", "-b", "x", "-a", "@me"];
    const result = await gh(args, { env: { MOLECULE_OWNER: "" } });
    expect(result.code).to.equal(0);
    expect(inputs().IssueCreate).to.not.have.property("assigneeIds");
  });

  for (const args of [
    ["--version"],
    ["alias", "list"],
    ["nosuch"],
    ["pr", "create", "--nosuch"],
    ["pr", "--help"],
    ["config", "get", "nosuch"],
  ]) {
    it(`says and returns what gh does without it: ${args.join(" ")}`, async () => {
      const env = {
        GH_CONFIG_DIR: sandbox().path("gh-config"),
        HOME: sandbox().dir,
        GH_NO_UPDATE_NOTIFIER: "1",
      };
      const bare = spawnSync(realGh, args, { env, cwd: sandbox().path("work"), encoding: "utf8" });
      const wrapped = await gh(args);
      expect(wrapped).to.deep.equal({
        code: bare.status,
        signal: null,
        stdout: bare.stdout,
        stderr: bare.stderr,
      });
    });
  }

  it("leaves an alias to gh, which expands it", async () => {
    await gh(["alias", "set", "bug", "issue create -R o/r -t T"]);
    const result = await gh(["bug", "-b", "plain"]);
    expect(result.code).to.equal(0);
    expect(inputs().IssueCreate).to.include({ body: "plain" });
  });

  it("signs what a shell alias publishes, because that one calls gh by PATH", async () => {
    const shell = execFileSync("/bin/sh", ["-c", "command -v sh"], { encoding: "utf8" }).trim();
    await symlink(shell, sandbox().path("tools/sh"));
    await gh(["alias", "set", "--shell", "shout", `gh issue create -R o/r -t T -b "$1"`]);
    const result = await gh(["shout", "loud"]);
    expect(result.code).to.equal(0);
    expect(inputs().IssueCreate).to.include({ body: `${BADGE}\n\nloud` });
  });
});
