import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { runMolecule } from "../support/cli.js";
import { runHost, startHost, type RunningHost } from "../support/host.js";
import { startServer, type TestServer } from "../support/http-server.js";
import { usePostgres, type Postgres } from "../support/postgres.js";
import { makeProject, type Project } from "../support/project.js";
import { plantSecret } from "../support/secret-watch.js";
import { field } from "./workspace-api.js";

const TOKEN = "admin-token-of-the-file";
/** Shows what the host has as a digest: the value itself is masked wherever it could be seen. */
const PROBE = `import { createHash } from "node:crypto";
export default {
  $$type: "@molecule/plugin", name: "probe", api: 1, stage: "main",
  setup(ctx) {
    const digest = createHash("sha256").update(ctx.env.MOLECULE_CP_SHARED_SECRET ?? "").digest("hex");
    ctx.envMutators.add({ name: "probe", mutate: (env) => env.set("SEEN", digest) });
  },
};\n`;
const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

describe("stage env of a host in a project's subfolder, with a bare environment", function () {
  this.timeout(240_000);
  let project: Project;
  let host: RunningHost | undefined;
  let plane: TestServer | undefined;
  let postgres: Postgres;

  before(async function () {
    postgres = await usePostgres(this);
  });
  beforeEach(async () => {
    const when = { env: "GITHUB_APP_ID" };
    project = await makeProject([
      { name: "probe", module: "./probe.mjs" },
      { name: "waiting", module: "./probe.mjs", when },
    ]);
    await project.write("probe.mjs", PROBE);
  });
  afterEach(async () => {
    await host?.stop();
    await plane?.stop();
    host = plane = undefined;
  });

  const databaseUrl = async () => (await postgres.freshDatabase()).url;
  async function start(env: Record<string, string> = {}): Promise<RunningHost> {
    host = await startHost({ bare: true, cwd: project.below, env });
    return host;
  }
  const list = async (running: RunningHost) =>
    (await running.api("GET", "/workspaces", undefined, { Authorization: `Bearer ${TOKEN}` })).status;
  const messages = (running: RunningHost) => running.lines.map(({ message }) => message);

  it("takes the project's .env, says so, and is open to the token that stands there", async () => {
    await project.write(".env", `PORT=0\nADMIN_TOKEN='${TOKEN}' # ours\nexport CONTAINER_RUNTIME=none\n`);
    const running = await start();
    expect(messages(running)).to.include(`.env: ${project.dir}/.env — loaded 3, 0 already set`);
    expect(await list(running)).to.equal(200);
    await access(join(project.dir, ".data", "database"));
    expect(running.lines.map(({ text }) => text).join("\n")).not.to.contain(TOKEN);
  });

  it("refuses that token without the file", async () => {
    const running = await start({ PORT: "0", CONTAINER_RUNTIME: "none", DATABASE_URL: await databaseUrl() });
    expect(messages(running).filter((message) => message.startsWith(".env:"))).to.deep.equal([]);
    expect(await list(running)).to.equal(401);
  });

  it("turns on a plugin that waits for a variable of the .env, but not one of an unrelated project's", async () => {
    const common = `DATABASE_URL=${await databaseUrl()}\nPORT=0\nADMIN_TOKEN=${TOKEN}\nCONTAINER_RUNTIME=none\n`;
    const stateOfWaiting = async (running: RunningHost) => {
      const { body } = await running.api("GET", "/admin/plugins", undefined, {
        Authorization: `Bearer ${TOKEN}`,
      });
      const plugins = field(body, "plugins");
      const reasons = Array.isArray(plugins) ? plugins.map((each) => field(each, "reason")) : [];
      return reasons.at(-1);
    };
    await project.write(".env", common);
    await project.write("apps/.env", "GITHUB_APP_ID=1\n");
    expect(await stateOfWaiting(await start())).to.equal("waits for GITHUB_APP_ID to be set");
    await host?.stop();
    await project.write(".env", `${common}GITHUB_APP_ID=7\n`);
    expect(await stateOfWaiting(await start())).to.equal("GITHUB_APP_ID is set");
  });

  it("masks what the environment and earlier tasks hold in what a plugin of the stage says", async () => {
    const plugins = [{ name: "chatty", module: "./chatty.mjs", stage: "env", required: true }];
    project = await makeProject(plugins);
    await project.write(
      "chatty.mjs",
      `export default { $$type: "@molecule/plugin", name: "chatty", api: 1, stage: "env",
        setup(ctx) {
          ctx.log.info("set up with " + ctx.env.METRICS_TOKEN);
          ctx.bootTasks.add({ name: "chatty", stage: "env", run: ({ env, log }) => {
            log.info("runs with " + env.ADMIN_TOKEN);
            throw new Error("refused: " + env.ADMIN_TOKEN);
          } });
        } };\n`,
    );
    await project.write(".env", `ADMIN_TOKEN=${TOKEN}\nPORT=none\n`);
    const env = { METRICS_TOKEN: "metrics-token-of-the-process" };
    const { stdout } = await runHost({ bare: true, cwd: project.below, env });
    expect(stdout)
      .to.contain("set up with ***")
      .and.contain("runs with ***")
      .and.contain("refused: ***")
      .and.not.contain(TOKEN)
      .and.not.contain("metrics-token");
  });

  it("tells of a required plugin's failure without the secret of the .env file that it quotes", async () => {
    const plugins = [{ name: "vital", module: "./vital.mjs", required: true }];
    project = await makeProject(plugins);
    await project.write(
      "vital.mjs",
      `export default { $$type: "@molecule/plugin", name: "vital", api: 1, stage: "main",
        setup(ctx) { throw new Error("bad key " + ctx.env.ACME_TOKEN); } };\n`,
    );
    const common = `DATABASE_URL=${await databaseUrl()}\nPORT=0\nCONTAINER_RUNTIME=none\n`;
    await project.write(".env", `${common}ACME_TOKEN=${TOKEN}\n`);
    const { code, stdout, stderr } = await runHost({ bare: true, cwd: project.below });
    expect(code).to.equal(1);
    expect(stderr).to.contain("bad key *** [PLUGIN_REQUIRED_FAILED]");
    expect(stdout + stderr).not.to.contain(TOKEN);
  });

  it("has what the control plane rotated after a restart, and molecule config names its origin", async () => {
    let secret = "first-shared-secret";
    plane = await startServer((request, response) => {
      const isTenant = request.headers["x-molecule-org-id"] === "acme";
      if (!isTenant || request.headers.authorization !== `Bearer ${TOKEN}`) response.statusCode = 401;
      plantSecret(secret, "the control plane's MOLECULE_CP_SHARED_SECRET");
      response.end(JSON.stringify({ MOLECULE_CP_SHARED_SECRET: secret }));
    });
    await project.write(
      ".env",
      `DATABASE_URL=${await databaseUrl()}\nPORT=0\nADMIN_TOKEN=${TOKEN}\nCONTAINER_RUNTIME=none\nMOLECULE_ORG_ID=acme\n` +
        `MOLECULE_CP_URL=${plane.url}\nMOLECULE_CP_SHARED_SECRET=of-the-file\n`,
    );
    const seen = async (running: RunningHost) => {
      const headers = { Authorization: `Bearer ${TOKEN}`, "X-Molecule-Org-Id": "acme" };
      const { body } = await running.api(
        "POST",
        "/admin/env/preview",
        { name: "Probe", runtime: "demo" },
        headers,
      );
      const writes = field(body, "ledger", "variables", "SEEN");
      return Array.isArray(writes) ? field(writes.at(-1), "value") : body;
    };
    expect(await seen(await start())).to.equal(digestOf("first-shared-secret"));
    secret = "second-shared-secret";
    await host?.stop();
    const running = await start();
    expect(await seen(running)).to.equal(digestOf("second-shared-secret"));
    expect(messages(running)).to.include(`control plane: ${plane.url}/cp/tenants/config — set 1, refused 0`);

    const { code, output } = await runMolecule(["config"], { cwd: project.below });
    expect(code, output).to.equal(0);
    expect(output).to.match(/^MOLECULE_CP_SHARED_SECRET +\*\*\* +control plane \(control-plane-env\)$/m);
    expect(output).to.match(/^ADMIN_TOKEN +\*\*\* +\.env file \(dotenv\)$/m);
    expect(output).to.match(/^RATE_LIMIT +600 +default$/m);
    expect(output).to.contain("stage env, run as at boot:\n  ✓ dotenv: loaded 7, 0 already set\n");
    const everything = output + running.lines.map(({ text }) => text).join("\n");
    for (const value of [TOKEN, "shared-secret", "of-the-file"]) expect(everything).not.to.contain(value);
  });
});
