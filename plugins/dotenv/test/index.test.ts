import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kernel, parseManifest, SecretMasker, systemClock } from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

describe("the plugin dotenv in a kernel", () => {
  let dir: string;
  let log: RecordingLogger;
  let kernel: Kernel;

  beforeEach(async () => {
    dir = await tempDir();
    log = new RecordingLogger();
    await mkdir(join(dir, "node_modules/@molecule"), { recursive: true });
    await symlink(PACKAGE, join(dir, "node_modules/@molecule/plugin-dotenv"));
  });
  afterEach(() => kernel.stop());

  /** Runs stage env, from a folder below the manifest's. */
  async function boot(env: Record<string, string | undefined>, text?: string): Promise<void> {
    if (text !== undefined) await writeFile(join(dir, ".env"), text);
    const cwd = join(dir, "apps", "host");
    await mkdir(cwd, { recursive: true });
    const plugins = [{ name: "dotenv", module: "@molecule/plugin-dotenv", stage: "env" }];
    const manifest = JSON.stringify({ version: 1, plugins, workspace_templates: [] });
    kernel = new Kernel({
      manifest: parseManifest(manifest, join(dir, "manifest.json")),
      env,
      cwd,
      clock: systemClock,
      log,
      masker: new SecretMasker(),
    });
    await kernel.boot("env");
  }

  const lines = () => log.lines.map(({ level, message }) => `${level} ${message}`);
  const remark = () => kernel.report.entries().find(({ stage }) => stage === "env");

  it("fills what is unset, lets what is set win, an empty string included, and says so", async () => {
    const env = { PORT: "1", EMPTY: "" };
    await boot(env, "PORT=2\nEMPTY=3\nADMIN_TOKEN='hunter22'\nLOG_LEVEL=debug\n");
    expect(env).to.deep.equal({ PORT: "1", EMPTY: "", ADMIN_TOKEN: "hunter22", LOG_LEVEL: "debug" });
    expect(lines()).to.deep.equal([`info .env: ${dir}/.env — loaded 2, 2 already set`]);
    expect(remark()).to.deep.include({ outcome: "ok", detail: "loaded 2, 2 already set" });
    expect([...kernel.envOrigins.keys()]).to.deep.equal(["ADMIN_TOKEN", "LOG_LEVEL"]);
    expect(kernel.envOrigins.get("ADMIN_TOKEN")).to.deep.equal({ plugin: "dotenv", source: ".env file" });
  });

  it("is silent where there is no file", async () => {
    const env = {};
    await boot(env);
    expect(env).to.deep.equal({});
    expect(lines()).to.deep.equal([]);
    expect(remark()?.detail).to.equal(`no .env in ${dir}`);
  });

  it("warns of malformed lines by number, the first twenty of many, and takes the others", async () => {
    const env = {};
    await boot(env, `A=1\n${"hunter22\n".repeat(30)}B=2\n`);
    expect(env).to.deep.equal({ A: "1", B: "2" });
    expect(log.lines).to.have.length(22);
    expect(lines()[0]).to.match(/^warn .*\/\.env line 2: there is no "="/);
    expect(lines().slice(-2)).to.deep.equal([
      `warn .env: ${dir}/.env has 10 more lines like these`,
      `info .env: ${dir}/.env — loaded 2, 0 already set`,
    ]);
    expect(remark()?.detail).to.equal("loaded 2, 0 already set, 30 warnings");
    expect(JSON.stringify(log.lines)).not.to.contain("hunter22");
  });

  it("lets boot go on when the file can't be read", async () => {
    await mkdir(join(dir, ".env"));
    await boot({});
    expect(lines()).to.have.length(1);
    expect(lines()[0]).to.match(/^warn boot task "dotenv" .* failed: .*\/\.env can't be read: it is no file/);
    expect(remark()).to.include({ outcome: "failed" });
  });
});
