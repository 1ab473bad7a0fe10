import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { deploymentOf } from "./deployment.js";
import { runHost, startHost, type RunningHost } from "./host.js";
import { signal } from "./processes.js";
import { makeProject } from "./project.js";
import { tempDir } from "./temp.js";

describe("startHost", function () {
  this.timeout(300_000);

  let folder: string;
  let host: RunningHost;
  const running: RunningHost[] = [];
  before(async () => {
    folder = await tempDir();
    host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none" } });
    running.push(host);
  });
  after(async () => {
    for (const each of running) await each.stop();
  });

  it("gives a host that answers, with status, headers and parsed body", async () => {
    const health = await host.api("GET", "/health");
    expect(health.status).to.equal(200);
    expect(health.body).to.deep.equal({ status: "ok" });
    expect(health.headers.get("content-type")).to.match(/^application\/json/);
    expect((await host.api("GET", "/no-such-route")).status).to.equal(404);
  });

  it("holds what the host said, by line and field", async () => {
    const line = await host.waitForLine(({ message }) => message === "listening");
    expect(line.fields?.port).to.equal(host.port);
  });

  it("runs the repository's manifest, and nothing of a developer's .env", async () => {
    const boot = host.lines.find(({ message }) => message.startsWith("boot\n"));
    expect(boot?.message).to.match(/ dotenv +[\d.]+ ms {2}no \.env in .*deploy-/);
    const root = await makeProject();
    await root.write(".env", "LOG_LEVEL=nonsense\n");
    const { dir } = root;
    expect((await runHost({ cwd: dir })).stderr).to.include("LOG_LEVEL");
    const immune = await startHost({ cwd: await deploymentOf(dir), env: { CONTAINER_RUNTIME: "none" } });
    expect(await immune.stop()).to.equal(0);
  });

  it("starts a second host beside it, kills it, and answers the exit code of one that is stopped", async () => {
    const dataDir = join(folder, "second");
    const options = { dev: true, dataDir, env: { CONTAINER_RUNTIME: "none" } };
    const killed = await startHost(options);
    await killed.kill();
    expect(signal(killed.pid, 0)).to.equal(false);
    const again = await startHost(options);
    expect(await again.stop()).to.equal(0);
    expect(await again.stop()).to.equal(0);
  });

  it("says why a host did not come up, with the end of its output", async () => {
    const manifest = join(folder, "manifest.json");
    await writeFile(manifest, "{");
    const options = { dev: true, manifest, dataDir: join(folder, "third") };
    const failure = await startHost(options).catch((thrown: unknown) => thrown);
    expect(failure).to.have.property("code", "HOST_DID_NOT_START");
    expect(String(failure)).to.include("it ended with code 1").and.to.include("manifest.json");
    const ended = await runHost(options);
    expect(ended.code).to.equal(1);
    expect(ended.stdout + ended.stderr).to.include("manifest.json");
  });
});
