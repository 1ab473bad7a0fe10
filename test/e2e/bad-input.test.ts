import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { runHost, startHost } from "../support/host.js";
import { tempDir } from "../support/temp.js";

describe("a host that can't start as it was told to", () => {
  it("ends with 1 and every fault of its configuration at once", async function () {
    this.timeout(30_000);
    const { code, stderr } = await runHost({
      env: { PORT: "http", RATE_LIMIT: "-1", CONTAINER_RUNTIME: "podman" },
    });
    expect(code).to.equal(1);
    expect(stderr.trim().split("\n")).to.deep.equal([
      "molecule: the configuration has 3 faults:",
      '  - PORT: found "http", allowed: a whole number from 0 to 65535',
      '  - CONTAINER_RUNTIME: found "podman", allowed: one of auto, docker, process, none',
      '  - RATE_LIMIT: found "-1", allowed: a whole number from 1 to 1000000 [CONFIG_INVALID]',
    ]);
  });

  it("ends with 1 and every fault of its manifest at once", async function () {
    this.timeout(30_000);
    const manifest = join(await tempDir("manifest-"), "manifest.json");
    const plugins = [{ name: "A", module: "../outside", colour: "blue" }];
    await writeFile(manifest, JSON.stringify({ version: 2, plugins, workspace_templates: [{ name: "x" }] }));
    const { code, stderr } = await runHost({ manifest });
    expect(code).to.equal(1);
    for (const path of [
      "version",
      "plugins[0].name",
      "plugins[0].module",
      "plugins[0].colour",
      "workspace_templates[0]",
    ]) {
      expect(stderr).to.contain(`- ${path}: found`);
    }
  });

  it("names the manifest that is missing", async function () {
    this.timeout(30_000);
    const { code, stderr } = await runHost({ manifest: "/nowhere/manifest.json" });
    expect(code).to.equal(1);
    expect(stderr).to.contain("/nowhere/manifest.json can't be read").and.contain("MOLECULE_MANIFEST");
  });

  it("names the host that has its data folder, and leaves that one alone", async function () {
    this.timeout(60_000);
    const first = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none" } });
    const { code, stderr } = await runHost({
      dev: true,
      dataDir: first.dataDir,
      env: { CONTAINER_RUNTIME: "none" },
    });
    expect(code).to.equal(1);
    expect(stderr).to.contain("DATA_DIR_LOCKED").and.contain(String(first.pid));
    expect((await first.api("GET", "/health")).status).to.equal(200);
    expect(await first.stop()).to.equal(0);
  });

  it("says that its port is taken, and what to do", async function () {
    this.timeout(30_000);
    const taken: Server = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const env = { HOST: "127.0.0.1", PORT: String(port), CONTAINER_RUNTIME: "none" };
    const { code, stderr } = await runHost({ dev: true, env });
    taken.close();
    await once(taken, "close");
    expect(code).to.equal(1);
    expect(stderr).to.contain(`127.0.0.1:${port} is taken`).and.contain("set PORT");
  });

  it("says which database does not answer, without its password", async function () {
    this.timeout(60_000);
    const url = "postgres://molecule:s3cr3t-pw@127.0.0.1:1/molecule";
    const { code, stdout, stderr } = await runHost({ env: { DATABASE_URL: url } });
    expect(code).to.equal(1);
    expect(stderr).to.contain("127.0.0.1").and.contain("DATABASE_UNREACHABLE");
    expect(stdout + stderr).not.to.contain("s3cr3t-pw");
  });

  it("runs without a plugin that is broken, and tells what is wrong with it", async function () {
    this.timeout(60_000);
    const dir = await tempDir("broken-");
    const manifest = join(dir, "manifest.json");
    await writeFile(join(dir, "broken.js"), 'throw new Error("no luck today");');
    const plugins = [{ name: "broken", module: "./broken.js" }];
    await writeFile(manifest, JSON.stringify({ version: 1, plugins, workspace_templates: [] }));
    const host = await startHost({ dev: true, manifest, env: { CONTAINER_RUNTIME: "none" } });
    const { body } = await host.api("GET", "/admin/plugins");
    expect(JSON.stringify(body)).to.contain("PLUGIN_IMPORT_FAILED").and.contain("no luck today");
    expect(await host.stop()).to.equal(0);
  });
});
