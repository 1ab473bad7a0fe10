import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { startHost, type RunningHost } from "../support/host.js";
import { usePostgres } from "../support/postgres.js";
import { makeProject, type Project } from "../support/project.js";
import { plantSecret } from "../support/secret-watch.js";

const SECRET = "hunter22-secret";

describe("41: a bad .env", function () {
  this.timeout(120_000);
  let project: Project;
  let host: RunningHost | undefined;
  let env: Record<string, string>;

  before(async function () {
    plantSecret(SECRET, "a value of the .env file");
    const { url } = await (await usePostgres(this)).freshDatabase();
    env = { CONTAINER_RUNTIME: "none", DATABASE_URL: url };
    project = await makeProject();
  });
  afterEach(() => host?.stop());

  const told = (running: RunningHost) =>
    running.lines.map(({ message }) => message).filter((message) => message.includes(".env"));
  const start = async () => (host = await startHost({ cwd: project.below, env }));

  it("with malformed and duplicated lines, a byte order mark and CRLF: warned of by line, the rest is used", async () => {
    const lines = [
      "\uFEFFADMIN_TOKEN=wrong-token",
      `${SECRET} without equals`,
      `METRICS_TOKEN="${SECRET}`,
      `1BAD=${SECRET}`,
      `HUGE=${SECRET.repeat(10_000)}`,
      "CONTAINER_RUNTIME=docker",
      `ADMIN_TOKEN='${SECRET}'`,
    ];
    await project.write(".env", lines.join("\r\n"));
    const running = await start();
    const path = `${project.dir}/.env`;
    const texts = told(running);
    expect(texts.slice(0, 5).map((text) => text.split(":", 2).join(":"))).to.deep.equal(
      [2, 3, 4, 5, 7].map((line) => `.env: ${path} line ${line}`),
    );
    expect(texts[5]).to.equal(`.env: ${path} — loaded 1, 1 already set`);
    const bearer = { Authorization: `Bearer ${SECRET}` };
    expect((await running.api("GET", "/workspaces", undefined, bearer)).status).to.equal(200);
    expect((await running.api("GET", "/metrics")).status).to.equal(200);
    expect(running.lines.map(({ text }) => text).join("\n")).not.to.contain("hunter22");
  });

  it("that can't be read or is huge: told, and boot goes on", async () => {
    await project.write(".env", `PORT=99999\n${"# filler\n".repeat(200_000)}`);
    expect(told(await start()).join("\n")).to.contain("is larger than 1048576 bytes, nothing of it is used");
    await host?.stop();
    await rm(join(project.dir, ".env"));
    await mkdir(join(project.dir, ".env"));
    expect(told(await start()).join("\n")).to.contain(`${project.dir}/.env can't be read: it is no file`);
  });
});
