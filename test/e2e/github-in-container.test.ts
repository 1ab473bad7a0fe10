import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { expect } from "chai";
import { makeCertificate } from "../support/certificate.js";
import { run } from "../support/commands.js";
import { execIn } from "../support/docker-streams.js";
import { useEngine, type Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { GithubServer } from "../support/github-server.js";
import { startHost, type RunningHost } from "../support/host.js";
import { useProgram } from "../support/programs.js";
import { tempDir } from "../support/temp.js";
import { create, field } from "./workspace-api.js";

const PLUGINS = fileURLToPath(new URL("../../../plugins", import.meta.url));

/** Ms that the first token lives: short enough to wait for its end. */
const SHORT_LIFE_MS = 15_000;
const HOUR_MS = 3_600_000;

/** Lets a workspace trust the stand-in's certificate, as a company's own plugin would. */
const TRUST = `import { readFileSync } from "node:fs";
export default {
  $$type: "@molecule/plugin", name: "trust", api: 1, stage: "main",
  setup(ctx) {
    const content = readFileSync(ctx.manifestDir + "/ca.pem");
    ctx.envMutators.add({ name: "trust", mutate(env) {
      const path = env.files.add({ path: "/configs/ca.pem", mode: 0o644, content });
      env.set("SSL_CERT_FILE", path);
      env.set("GIT_SSL_CAINFO", path);
    } });
  },
};
`;

describe("GitHub from inside a container, with the real gh and git", function () {
  this.timeout(180_000);

  let engine: Engine;
  let github: GithubServer;
  let host: RunningHost;
  let id: string;
  let container: Docker.Container;
  let server: string;

  before(async function () {
    engine = await useEngine(this);
    for (const program of ["gh", "git", "curl"]) await useProgram(this, program);
    const certificate = await makeCertificate(this, ["DNS:host.docker.internal", "IP:127.0.0.1"]);
    github = await GithubServer.listen(certificate);
    github.app.lifetimeMs = SHORT_LIFE_MS;
    server = `https://host.docker.internal:${github.port}`;
    const manifest = await deployment(await engine.githubTools(), certificate.certFile, github.app.pem());
    host = await startHost({
      dev: true,
      manifest,
      env: {
        DOCKER_HOST: engine.url,
        NODE_EXTRA_CA_CERTS: certificate.certFile,
        GITHUB_APP_ID: github.app.appId,
        GITHUB_APP_INSTALLATION_ID: github.app.installationId,
        GITHUB_APP_PRIVATE_KEY_FILE: "key.pem",
        GITHUB_API_URL: `https://127.0.0.1:${github.port}/api/v3`,
        GITHUB_SERVER_URL: server,
      },
    });
    id = await create(host, { name: "Dev", runtime: "dev", role: "pmm-lead", tier: 2 });
    container = await eventually(() => runningContainer(engine, id), { what: "its container runs" });
  });

  after(async () => {
    await host.api("DELETE", `/workspaces/${id}`);
    await host.stop();
    await github.close();
  });

  /** Runs a script in the container; it has to succeed. */
  const inside = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await execIn(engine.docker, container, ["bash", "-ec", script]);
    expect(code, stdout + stderr).to.equal(0);
    return stdout;
  };
  const usesBy = (by: "gh" | "git") => github.uses.filter((use) => use.by === by);

  it("boots with a token of the app, which nobody but the workspace sees", async () => {
    const [mint] = github.app.mints;
    expect(mint?.token).to.have.lengthOf(520);
    expect(await inside(`printf '%s\\n' "$GH_TOKEN" "$GITHUB_TOKEN"`)).to.equal(`${mint?.token}\n`.repeat(2));
    const { body, text } = await host.api("GET", `/workspaces/${id}/env?key=GH_TOKEN`);
    expect(field(body, "variables", "GH_TOKEN", "0", "value")).to.equal("***");
    expect(text).to.not.contain(mint?.token);
  });

  it("opens a pull request with the badge in its body and the owner as assignee, and logs the call", async () => {
    github.app.lifetimeMs = HOUR_MS;
    await inside("gh -R o/r pr create -H feat -B main -t Title -b 'Hello there' -a @me");
    const sent = Object.fromEntries(github.graphql.mutations.map(({ name, input }) => [name, input]));
    expect(sent.PullRequestCreate).to.include({
      title: "Title",
      body: `🤖 [Agent: Pmm-Lead · ws-${id.slice(0, 8)}]\n\nHello there`,
    });
    expect(sent.PullRequestCreateMetadata).to.deep.include({ assigneeIds: ["U_alice"] });
    const line: unknown = JSON.parse(await inside("tail -n 1 /configs/gh-audit.jsonl"));
    expect(line).to.deep.include({ role: "Pmm-Lead", workspace: id, owner: "alice", exit_code: 0 });
    expect(field(line, "argv", "2")).to.equal("pr");
  });

  it("fault 39: pushes and calls gh with a fresh token when that of its environment has ended, without a restart", async () => {
    const first = github.app.mints[0]?.token ?? "";
    const before = await container.inspect();
    await eventually(() => !github.app.isLive(first), {
      what: "the first token has ended",
      timeoutMs: 60_000,
    });
    const repository = await github.addRepository("o/r");
    const stale = `curl -s -o /dev/null -w '%{http_code}' -u "x-access-token:$GH_TOKEN" --cacert "$SSL_CERT_FILE" ${server}/o/r.git/info/refs?service=git-upload-pack`;
    expect(await inside(stale), "the environment's token").to.equal("401");
    github.uses.splice(0);

    await inside(`cd /workspace && git init -q -b main r && cd r && echo hello >file && git add file
      git commit -qm first && git push -q ${server}/o/r.git main`);
    expect(await run("git", ["-C", repository, "log", "--format=%s by %an", "main"])).to.equal(
      "first by Molecule AI Dev\n",
    );
    const fresh = github.app.mints.at(-1)?.token;
    expect(new Set(usesBy("git").map(({ token }) => token))).to.deep.equal(new Set([fresh]));

    await inside(`cd /workspace/r && gh issue create -R o/r -t T -b "$(git log --format=%s)"`);
    await inside(`cd / && git clone -q ${server}/o/r.git /workspace/copy`);
    expect(github.uses.every(({ token, live }) => token === fresh && live)).to.be.true;
    expect(usesBy("gh")).to.not.be.empty;
    const after = await container.inspect();
    expect([after.Id, after.State.StartedAt]).to.deep.equal([before.Id, before.State.StartedAt]);
  });

  it("kept the token where only its user can read it, and out of every answer, event and log line", async () => {
    expect(await inside("stat -c %a /configs/.github-token")).to.equal("600\n");
    const answers = await Promise.all(
      ["/workspaces", `/workspaces/${id}/env`, "/events", "/admin/plugins", `/workspaces/${id}/console`].map(
        async (path) => (await host.api("GET", path)).text,
      ),
    );
    const shown = [
      ...answers,
      ...host.lines.map((line) => line.text),
      await inside("cat /configs/gh-audit.jsonl"),
    ];
    for (const { token } of github.app.mints) expect(shown.join("\n").includes(token)).to.be.false;
    expect(shown.join("\n")).to.not.contain("PRIVATE KEY");
  });

  it("says why when the app is gone, and asks nobody for a password", async () => {
    await host.api("PATCH", "/admin/plugins/github-app-auth", { enabled: false });
    await inside("rm /configs/.github-token");
    const push = await execIn(engine.docker, container, [
      "git",
      "-C",
      "/workspace/r",
      "push",
      `${server}/o/r.git`,
      "main",
    ]);
    expect(push.code).to.not.equal(0);
    expect(push.stderr).to.match(
      /molecule-github-token: no fresh GitHub token from .*: no GitHub App configured/,
    );
  });
});

/** The container of a workspace once it runs. */
async function runningContainer(engine: Engine, id: string): Promise<Docker.Container | undefined> {
  const filters = { label: [`molecule.workspace.id=${id}`], status: ["running"] };
  const [found] = await engine.docker.listContainers({ filters });
  return found === undefined ? undefined : engine.docker.getContainer(found.Id);
}

/** A deployment's folder; answers its manifest. */
async function deployment(image: string, certFile: string, key: string): Promise<string> {
  const dir = await tempDir("mgithub-deploy-");
  await mkdir(join(dir, "node_modules/@molecule"), { recursive: true });
  for (const name of ["gh-identity", "github-app-auth"]) {
    await symlink(join(PLUGINS, name), join(dir, `node_modules/@molecule/plugin-${name}`));
  }
  await copyFile(certFile, join(dir, "ca.pem"));
  await writeFile(join(dir, "key.pem"), key, { mode: 0o600 });
  await writeFile(join(dir, "trust.mjs"), TRUST);
  const plugins = [
    {
      name: "gh-identity",
      module: "@molecule/plugin-gh-identity",
      config: { roles: { "pmm-lead": { owner: "alice" } } },
    },
    { name: "github-app-auth", module: "@molecule/plugin-github-app-auth", when: { env: "GITHUB_APP_ID" } },
    { name: "trust", module: "./trust.mjs" },
  ];
  const manifest = { version: 1, plugins, workspace_templates: [{ name: "dev", image }] };
  await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
  return join(dir, "manifest.json");
}
