import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { TOKEN_SHAPES } from "@molecule/test/support/github-app.js";
import { findProgram } from "@molecule/test/support/commands.js";
import { skipFor } from "@molecule/test/support/skip.js";
import { BEARER, useWorkspace, WORKSPACE_ID } from "./support/workspace.js";

const HOUR = 3_600_000;
const inMs = (ms: number) => new Date(Date.now() + ms);
const OLD = "ghs_old0123456789";
const NEW = TOKEN_SHAPES.jwt();

describe("molecule-github-token, in a workspace", () => {
  const workspace = useWorkspace();

  /** Runs it under a shell, with `curl` unless told otherwise. */
  const run = async (
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    { shell = "/bin/sh", client = "curl", stdin = "" } = {},
  ) => {
    if (!existsSync(workspace().path(`tools/${client}`))) await workspace().tool(client);
    const [program = "", ...options] = shell.split(" ");
    return workspace().run(
      [program, ...options, workspace().path("bin/molecule-github-token"), ...args],
      env,
      stdin,
    );
  };
  /** The environment of a workspace whose first token ends then. */
  const started = (expiresAt: Date, token = OLD) => ({
    GH_TOKEN: token,
    GITHUB_TOKEN: token,
    MOLECULE_GITHUB_TOKEN_EXPIRES_AT: expiresAt.toISOString(),
  });

  for (const shell of ["sh", "bash", "busybox sh"]) {
    it(`gives the environment's token in its first hour, and asks nobody: ${shell}`, async function () {
      const program = await findProgram(shell.split(" ")[0] ?? "");
      if (program === undefined) return skipFor(this, "shell", `${shell} is not installed`);
      const result = await run([], started(inMs(HOUR)), { shell: shell.replace(/^\w+/, program) });
      expect(result).to.deep.equal({ code: 0, stdout: `${OLD}\n`, stderr: "" });
      expect(workspace().requests).to.be.empty;
    });
  }

  for (const client of ["curl", "node", "wget"]) {
    it(`asks the platform with the workspace's token near the end: ${client}`, async () => {
      const expiresAt = inMs(HOUR);
      workspace().gives(NEW, expiresAt);
      const env = { ...started(inMs(200_000)), MOLECULE_ORG_ID: "acme" };
      expect(await run([], env, { client })).to.deep.equal({ code: 0, stdout: `${NEW}\n`, stderr: "" });
      const [request, ...more] = workspace().requests;
      expect(more).to.be.empty;
      expect(request?.url).to.equal(`/workspaces/${WORKSPACE_ID}/github-installation-token`);
      expect(request?.headers).to.include({ authorization: `Bearer ${BEARER}`, "x-molecule-org-id": "acme" });
      expect(await workspace().cached()).to.deep.equal([expiresAt.toISOString(), NEW, ""]);
    });
  }

  it("keeps the answer for this user alone, and asks no more until its end is near", async () => {
    workspace().gives(NEW, inMs(HOUR));
    for (let call = 0; call < 3; call += 1)
      expect((await run([], started(inMs(-HOUR)))).stdout).to.equal(`${NEW}\n`);
    expect(workspace().requests).to.have.lengthOf(1);
    expect((await stat(workspace().path("configs/.github-token"))).mode & 0o777).to.equal(0o600);
    workspace().gives("ghs_newest0123456", inMs(HOUR));
    await writeFile(workspace().path("configs/.github-token"), `${inMs(200_000).toISOString()}\n${NEW}\n`);
    expect((await run([], started(inMs(-HOUR)))).stdout).to.equal("ghs_newest0123456\n");
  });

  it("prefers the newer one after a restart", async () => {
    await writeFile(
      workspace().path("configs/.github-token"),
      `${inMs(HOUR / 2).toISOString()}\nghs_before0123\n`,
    );
    expect((await run([], started(inMs(HOUR)))).stdout).to.equal(`${OLD}\n`);
  });

  it("works without a place for its cache, and with a damaged one", async () => {
    workspace().gives(NEW, inMs(HOUR));
    await writeFile(workspace().path("configs/.github-token"), "\0garbage");
    expect(await run()).to.deep.equal({ code: 0, stdout: `${NEW}\n`, stderr: "" });
    await rm(workspace().path("configs/.github-token"));
    await mkdir(workspace().path("configs/.github-token"));
    expect((await run()).stdout).to.equal(`${NEW}\n`);
  });

  it("asks although the environment holds a token of the agent's own", async () => {
    workspace().gives(NEW, inMs(HOUR));
    expect((await run([], started(inMs(HOUR), "ghp_personal0123"))).stdout).to.equal(`${NEW}\n`);
  });

  it("gives the last one while it is valid, when the platform gives none", async () => {
    workspace().answer = {
      status: 502,
      body: '{"error":"token refresh failed","code":"TOKEN_REFRESH_FAILED"}',
    };
    expect(await run([], started(inMs(100_000)))).to.deep.equal({ code: 0, stdout: `${OLD}\n`, stderr: "" });
  });

  it("knows leap days and the ends of months", async () => {
    for (const end of ["2096-02-29T00:00:00Z", "2099-12-31T23:59:59.999Z", "2100-03-01T00:00:00Z"]) {
      const env = { GH_TOKEN: OLD, MOLECULE_GITHUB_TOKEN_EXPIRES_AT: end };
      const { stdout } = await run(["credential", "get"], env);
      expect(stdout).to.contain(`password_expiry_utc=${Math.floor(Date.parse(end) / 1000)}\n`);
    }
  });

  describe("as git's credential helper", () => {
    it("gives user, token and end", async () => {
      const expiresAt = inMs(HOUR);
      workspace().gives(NEW, expiresAt);
      const { stdout } = await run(
        ["credential", "get"],
        {},
        { stdin: "protocol=https\nhost=github.com\n\n" },
      );
      expect(stdout).to.equal(
        `username=x-access-token\npassword=${NEW}\npassword_expiry_utc=${Math.floor(expiresAt.getTime() / 1000)}\n`,
      );
    });

    it("forgets what it kept when git was refused with it, and stores nothing", async () => {
      workspace().gives(NEW, inMs(HOUR));
      await run();
      expect(await run(["credential", "store"], {}, { stdin: "password=x\n" })).to.include({
        code: 0,
        stdout: "",
      });
      expect((await workspace().cached())[1]).to.equal(NEW);
      expect(await run(["credential", "erase"])).to.include({ code: 0, stdout: "" });
      expect(existsSync(workspace().path("configs/.github-token"))).to.be.false;
    });

    it("tells git to ask nobody when there is no token", async () => {
      const result = await run(["credential", "get"]);
      expect(result.stdout).to.equal("quit=1\n");
      expect(result.code).to.equal(1);
    });
  });

  describe("says in one line why there is none", () => {
    const says = async (env: Readonly<Record<string, string>>, client = "curl") => {
      const result = await run([], env, { client });
      expect(result).to.include({ code: 1, stdout: "" });
      expect(result.stderr.trimEnd().split("\n")).to.have.lengthOf(1);
      expect(result.stderr).to.not.contain(BEARER);
      return result.stderr.replace("molecule-github-token: ", "").trimEnd();
    };

    for (const client of ["curl", "node"]) {
      it(`the platform refuses: ${client}`, async () => {
        workspace().answer = { status: 404, body: '{"error":"no GitHub App configured","code":"X"}' };
        expect(await says(started(inMs(-1)), client)).to.equal(
          `no fresh GitHub token from ${workspace().url}: no GitHub App configured`,
        );
      });
    }

    for (const client of ["curl", "node", "wget"]) {
      it(`the platform is not there: ${client}`, async () => {
        const said = await says({ PLATFORM_URL: "http://127.0.0.1:1" }, client);
        expect(said).to.match(/^no fresh GitHub token from http:\/\/127\.0\.0\.1:1: ./);
      });
    }

    it("the platform's answer is something else", async () => {
      workspace().answer = { status: 200, body: "<html>\n<h1>Hello</h1>\n" };
      expect(await says({})).to.match(/: <html> <h1>Hello<\/h1>/);
    });

    it("the workspace's token is not there", async () => {
      await rm(workspace().path("configs/.auth_token"));
      expect(await says({})).to.contain(`can't be read from ${workspace().path("configs")}/.auth_token`);
    });

    it("nothing says where the platform is", async () => {
      expect(await says({ PLATFORM_URL: "" })).to.equal("PLATFORM_URL is not set; restart the workspace");
      expect(await says({ WORKSPACE_ID: "" })).to.equal("WORKSPACE_ID is not set; restart the workspace");
    });

    it("no program for HTTP is there", async () => {
      expect(await says({}, "cat")).to.equal(
        "none of curl, node and wget is installed; add one to the image of the workspace",
      );
    });
  });

  it("names its usage", async () => {
    expect(await run(["--help"])).to.deep.equal({
      code: 1,
      stdout: "",
      stderr: "molecule-github-token: usage: molecule-github-token [credential get|store|erase]\n",
    });
  });

  it("shows the workspace's token to nobody who lists processes", async () => {
    workspace().gives(NEW, inMs(HOUR));
    await workspace().script(
      "tools/curl",
      `#!/bin/sh\nprintf '%s\\n' "$@" >"${workspace().path("seen")}"\necho '{"token":"${NEW}","expires_at":"2099-01-01T00:00:00Z"}'\n`,
    );
    await run();
    expect(await readFile(workspace().path("seen"), "utf8"))
      .to.contain("/github-installation-token")
      .and.not.contain(BEARER);
  });
});
