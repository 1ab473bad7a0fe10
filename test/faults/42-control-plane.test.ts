import { expect } from "chai";
import { runMolecule } from "../support/cli.js";
import { startHost, type RunningHost } from "../support/host.js";
import { startServer, type TestServer } from "../support/http-server.js";
import { freePort } from "../support/ports.js";
import { usePostgres } from "../support/postgres.js";
import { makeProject, type Project } from "../support/project.js";
import { plantSecret } from "../support/secret-watch.js";

const SECRET = "hunter22-secret";
const TOKEN = "admin-token-of-the-test";

describe("42: a bad control plane", function () {
  this.timeout(120_000);
  let project: Project;
  let plane: TestServer;
  let planeUrl: string;
  let host: RunningHost | undefined;
  let database: string;
  const env = () => ({
    CONTAINER_RUNTIME: "none",
    DATABASE_URL: database,
    ADMIN_TOKEN: TOKEN,
    MOLECULE_ORG_ID: "acme",
    MOLECULE_CP_URL: planeUrl,
  });

  before(async function () {
    plantSecret(SECRET, "a value of the control plane's answer");
    database = (await (await usePostgres(this)).freshDatabase()).url;
  });
  beforeEach(async () => {
    project = await makeProject();
    plane = await startServer((_request, response) => void response.end("{}"));
    planeUrl = plane.url;
  });
  afterEach(async () => {
    await host?.stop();
    await plane.stop();
    host = undefined;
  });

  /** Starts a host, which serves all the same, and answers what it tells of the control plane. */
  async function start(): Promise<string> {
    host = await startHost({ cwd: project.below, env: env() });
    const headers = { Authorization: `Bearer ${TOKEN}`, "X-Molecule-Org-Id": "acme" };
    expect((await host.api("GET", "/workspaces", undefined, headers)).status).to.equal(200);
    const output = host.lines.map(({ text }) => text).join("\n");
    expect(output).not.to.contain(SECRET).and.not.contain(TOKEN);
    return host.lines.map(({ message }) => message).join("\n");
  }

  it("with hostile names, nested and oversized values: refused one by one, the good ones used", async () => {
    const hostile = { NODE_OPTIONS: SECRET, PATH: SECRET, LD_PRELOAD: SECRET, "": SECRET, "A=B": SECRET };
    const bad = { ADMIN_TOKEN: { deep: SECRET }, PORT: 99_999, LOG_LEVEL: "x".repeat(4_097) };
    plane.answer((_request, response) => {
      response.end(JSON.stringify({ ...hostile, ...bad, METRICS_TOKEN: SECRET }));
    });
    const told = await start();
    expect(told).to.contain("— set 1, refused 8");
    for (const name of [...Object.keys(hostile), ...Object.keys(bad)])
      expect(told).to.contain(`  - "${name}": found`);
    expect((await host?.api("GET", "/metrics"))?.status).to.equal(401);
  });

  it("that is down: told, and boot goes on", async () => {
    planeUrl = `http://127.0.0.1:${await freePort()}`;
    expect(await start()).to.contain(`the control plane at ${planeUrl}/cp/tenants/config does not answer`);
  });

  it("that never ends its answer: given up after 10 s, and boot goes on", async () => {
    plane.answer((_request, response) => void response.write(`{"PORT":"99999"`));
    expect(await start()).to.contain("did not finish within 10000 ms");
  });

  it("that answers 401, elsewhere, too much or no JSON: told, and nothing of it used", async () => {
    const CASES: readonly (readonly [status: number, body: string, told: string])[] = [
      [401, "{}", "answered 401: it does not take ADMIN_TOKEN for this MOLECULE_ORG_ID"],
      [307, "{}", "answered 307: redirects are not followed"],
      [200, `{"PORT":"1"${" ".repeat(1_048_576)}}`, "it is larger than 65536 bytes"],
      [200, `<html>${SECRET}</html>`, "it is not JSON"],
    ];
    for (const [status, body, told] of CASES) {
      plane.answer((_request, response) => {
        response.writeHead(status, { Location: "/elsewhere" }).end(body);
      });
      const { code, output } = await runMolecule(["config"], { cwd: project.below, env: env() });
      expect(code, output).to.equal(0);
      expect(output)
        .to.contain(told)
        .and.match(/^PORT +8080 +default$/m);
      expect(output).not.to.contain(SECRET);
    }
  });
});
