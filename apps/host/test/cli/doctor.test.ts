import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { silentLogger, systemClock, type Clock } from "@molecule/core";
import { useEngine } from "@molecule/test/support/engine.js";
import { usePostgres } from "@molecule/test/support/postgres.js";
import { useRegistry } from "@molecule/test/support/registry.js";
import { plantSecretsOf, recordOutput } from "@molecule/test/support/secret-watch.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { sql } from "kysely";
import { checkNode } from "../../dist/cli/doctor/node.js";
import { runCheck } from "../../dist/cli/doctor/check.js";
import { registryUrl } from "../../dist/cli/doctor/registry.js";
import { runCli } from "../../dist/cli/program.js";
import { openDataDir } from "../../dist/storage/data-dir.js";
import { openDatabase } from "../../dist/storage/database.js";
import { migrate } from "../../dist/storage/migrate.js";
import { systemRandom } from "../../dist/storage/random.js";

const DEMO = { name: "demo", command: ["node", "./agent.js"] };
const PLUGIN = `export default { $$type: "@molecule/plugin", name: "acme", api: 1, stage: "main",
  setup() { throw new Error("setup ran"); } };`;

/** Ten times as patient: on a busy machine a check that finds no fault may take longer than the doctor waits. */
const patientClock: Clock = {
  ...systemClock,
  timer: (callback, delayMs) => systemClock.timer(callback, 10 * delayMs),
};

/** An installation in a folder of its own, and what the doctor says of it. */
class Installation {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** One in which all is well: a plugin, a template for local processes. */
  static async make(manifest: object | string = {}): Promise<Installation> {
    const made = new Installation(await tempDir());
    await made.write("acme.mjs", PLUGIN);
    await made.write("agent.js", "");
    const plugins = [{ name: "acme", module: "./acme.mjs" }];
    const whole = { version: 1, plugins, workspace_templates: [DEMO] };
    const text = typeof manifest === "string" ? manifest : JSON.stringify({ ...whole, ...manifest });
    await made.write("manifest.json", text);
    return made;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.path, name), text);
  }

  /** Runs `molecule doctor --dev`. */
  async doctor(env: Record<string, string> = {}, args: readonly string[] = ["--dev"]) {
    const output = new PassThrough();
    const chunks: string[] = [];
    output.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
    const context = { cwd: this.path, output, errorOutput: new PassThrough(), clock: patientClock };
    const code = await runCli(["doctor", ...args], {
      ...context,
      env: { CONTAINER_RUNTIME: "process", ...env },
    });
    const text = chunks.join("");
    plantSecretsOf(env, "the doctor's environment");
    recordOutput("command", "molecule doctor", text);
    /** The line of one check, as far as it is there. */
    const line = (name: string) =>
      text.split("\n").find((each) => each.slice(2).startsWith(`${name} — `)) ?? "";
    return { code, text, line };
  }
}

describe("molecule doctor", () => {
  it("finds no fault in a good installation, starts nothing and writes nothing", async () => {
    const made = await Installation.make();
    const before = await readdir(made.path);
    const { code, text, line } = await made.doctor();
    expect(text.split("\n").filter((each) => /^[!✗]/.test(each))).to.deep.equal([]);
    expect(code).to.equal(0);
    expect(line("plugin acme")).to.match(/^✓ .*version 0\.0\.0, on \(listed in the manifest\)$/);
    expect(line("template demo")).to.match(/^✓ .*command found: \//);
    expect(await readdir(made.path)).to.deep.equal(before);
  });

  it("tells every fault of the manifest, and goes on with the rest", async () => {
    const made = await Installation.make({
      plugins: [{ name: "A", module: "x" }],
      workspace_templates: [{ name: "a" }],
    });
    const { code, text, line } = await made.doctor();
    expect(code).to.equal(1);
    expect(line("manifest")).to.match(/^✗ .*\[MANIFEST_INVALID\]$/);
    expect(text).to.contain("    plugins[0].name: ").and.contain("    workspace_templates[0]: ");
    expect(line("database")).to.match(/^✓/);
    expect((await (await Installation.make("{")).doctor()).line("manifest")).to.contain(
      "[MANIFEST_NOT_JSON]",
    );
  });

  it("tells every fault of the configuration, and looks at the rest as if they were unset", async () => {
    const made = await Installation.make();
    const { code, text, line } = await made.doctor({ PORT: "abc", LOG_LEVEL: "loud" });
    expect(code).to.equal(1);
    expect(line("configuration")).to.match(/^✗ configuration — the configuration has 2 faults/);
    expect(text).to.contain('    PORT: found "abc"').and.contain('    LOG_LEVEL: found "loud"');
    expect(line("data folder")).to.match(/^✓/);
    const strict = await made.doctor({ MOLECULE_ENV: "production" });
    expect(strict.text)
      .to.contain("    DATABASE_URL: found nothing")
      .and.contain("\n! data folder, database");
  });

  it("names each plugin that can't be loaded, without running a setup, and one that is off", async () => {
    const plugins = [
      { name: "acme", module: "./acme.mjs" },
      { name: "gone", module: "./gone.mjs" },
      { name: "waits", module: "./waits.mjs", when: { env: "NOT_THERE" } },
    ];
    const made = await Installation.make({ plugins });
    const { code, line } = await made.doctor();
    expect(code).to.equal(1);
    expect(line("plugin acme")).to.match(/^✓/);
    expect(line("plugin gone")).to.match(/^✗ .*\[PLUGIN_MODULE_NOT_FOUND\]$/);
    expect(line("plugin waits")).to.equal("✓ plugin waits — off (waits for NOT_THERE to be set)");
    const { line: unknown } = await made.doctor({ MOLECULE_PLUGINS: "-nobody" });
    expect(unknown("plugins")).to.match(/^✗ .*\[PLUGIN_OVERRIDES_INVALID\]$/);
  });

  it("tells a plugin that was toggled at run time as the next boot finds it", async function () {
    const fresh = await (await usePostgres(this)).freshDatabase();
    const plugins = [
      { name: "acme", module: "./acme.mjs" },
      { name: "gone", module: "./gone.mjs", when: { env: "NOT_THERE" } },
    ];
    const made = await Installation.make({ plugins });
    const path = join(made.path, "data");
    const dataDir = await openDataDir(path, { log: silentLogger, clock: systemClock, random: systemRandom });
    const services = { databaseUrl: fresh.url, dataDir, log: silentLogger, clock: systemClock };
    const database = await openDatabase(services);
    await migrate(database.db, { log: silentLogger });
    const rows = [
      { plugin: "acme", enabled: false },
      { plugin: "gone", enabled: true },
    ];
    await database.db.insertInto("plugin_toggles").values(rows).execute();
    await database.close();
    await dataDir.close();
    const { line } = await made.doctor({ DATABASE_URL: fresh.url });
    expect(line("plugin acme")).to.equal("✓ plugin acme — off (toggled off at run time)");
    expect(line("plugin gone")).to.match(/^✗ .*\[PLUGIN_MODULE_NOT_FOUND\]$/);
    await fresh.drop();
  });

  it("tells who holds the data folder, and does not take it", async () => {
    const made = await Installation.make();
    const path = join(made.path, "data");
    const services = { log: silentLogger, clock: systemClock, random: systemRandom };
    const held = await openDataDir(path, services);
    const { code, line } = await made.doctor({ MOLECULE_DATA_DIR: path });
    expect(line("data folder")).to.match(
      new RegExp(`^✓ .*held by the host of process ${process.pid} on .*, since \\d{4}-`),
    );
    expect(code).to.equal(0);
    await held.close();
    expect((await made.doctor({ MOLECULE_DATA_DIR: path })).line("data folder")).to.contain(
      "no host holds it",
    );
    await (await openDataDir(path, services)).close();
  });

  it("refuses a data folder that can't be made, and warns of one that is open to others", async () => {
    const made = await Installation.make();
    const { code, line } = await made.doctor({ MOLECULE_DATA_DIR: "acme.mjs/data" });
    expect(code).to.equal(1);
    expect(line("data folder")).to.match(/^✗ .*can't be made in .*acme\.mjs: .*set MOLECULE_DATA_DIR/);
    await mkdir(join(made.path, "open"));
    await chmod(join(made.path, "open"), 0o755);
    const open = await made.doctor({ MOLECULE_DATA_DIR: "open" });
    expect(open.code).to.equal(0);
    expect(open.text).to.match(/\n! permissions — .*\n {4}.*\(mode 755\): run chmod 700 on it/);
  });

  it("tells a database that does not answer, and never its password", async () => {
    const made = await Installation.make();
    const url = "postgres://me:very-secret-word@127.0.0.1:1/mine";
    for (const args of [["--dev"], ["--dev", "--json"]]) {
      const { code, text } = await made.doctor({ DATABASE_URL: url, ADMIN_TOKEN: "mine" }, args);
      expect(code).to.equal(1);
      expect(text).to.contain("DATABASE_UNREACHABLE").and.not.to.contain("very-secret-word");
    }
  });

  it("gives a database server up that takes connections and never answers", async () => {
    const silent = createServer((socket) => socket.on("error", () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const made = await Installation.make();
    const { code, line } = await made.doctor({ DATABASE_URL: `postgres://me@127.0.0.1:${port}/mine` });
    expect(code).to.equal(1);
    expect(line("database")).to.match(/^✗ .*\[DATABASE_UNREACHABLE\]$/);
    await new Promise((resolve) => silent.close(resolve));
  });

  it("tells an empty database, one whose migrations ran, one that waits for some, one too new", async function () {
    const fresh = await (await usePostgres(this)).freshDatabase();
    const made = await Installation.make();
    const look = async () => (await made.doctor({ DATABASE_URL: fresh.url })).line("database");
    expect(await look()).to.match(/^✓ .*Postgres \d.* it is empty, the first start makes its tables$/);
    const dataDir = await openDataDir(join(made.path, "data"), {
      log: silentLogger,
      clock: systemClock,
      random: systemRandom,
    });
    const services = { databaseUrl: fresh.url, dataDir, log: silentLogger, clock: systemClock };
    const database = await openDatabase(services);
    const ran = await migrate(database.db, { log: silentLogger });
    expect(await look()).to.match(new RegExp(`^✓ .*all ${ran.length} migrations ran$`));
    const last = ran.at(-1) ?? "";
    await sql`delete from kysely_migration where name = ${last}`.execute(database.db);
    expect(await look()).to.match(new RegExp(`^! .*that have not run: ${last}; the next start runs them`));
    await sql`insert into kysely_migration values ('9999-later', 'now')`.execute(database.db);
    expect(await look()).to.match(/^✗ .*9999-later.*\[DATABASE_TOO_NEW\]$/);
    await database.close();
    await dataDir.close();
    await fresh.drop();
  });

  it("fails without a container engine, but in development where local processes stand in", async () => {
    const made = await Installation.make();
    const env = { DOCKER_HOST: `unix://${made.path}/no.sock`, CONTAINER_RUNTIME: "auto" };
    const inDev = await made.doctor(env);
    expect(inDev.code).to.equal(0);
    expect(inDev.line("container engine")).to.match(/^! .*\[ENGINE_UNREACHABLE\]; local processes are used/);
    expect(inDev.line("template demo")).to.match(/^✓/);
    const strict = await made.doctor(env, []);
    expect(strict.code).to.equal(1);
    expect(strict.line("container engine")).to.match(/^✗ .*no workspace can be started without/);
    expect(strict.line("templates")).to.match(/^! .*not looked at/);
  });

  it("tells a command that is not there, and a file of it", async () => {
    const workspace_templates = [
      { name: "program", command: ["no-such-program-here"] },
      { name: "file", command: ["node", "./dist/agent.js"] },
      { name: "image", image: "acme/agent" },
    ];
    const { code, line } = await (await Installation.make({ workspace_templates })).doctor();
    expect(code).to.equal(1);
    expect(line("template program")).to.match(/^✗ .*\[COMMAND_NOT_FOUND\]$/);
    expect(line("template file")).to.match(/^✗ .*\.\/dist\/agent\.js is not there; build it/);
    expect(line("template image")).to.match(/^! .*\[TEMPLATE_INCOMPLETE\]$/);
  });

  it("looks at a real engine, its images, and the registries of those that it does not have", async function () {
    const engine = await useEngine(this);
    const registry = await useRegistry(this);
    const workspace_templates = [
      { name: "there", image: engine.busybox },
      { name: "pulled", image: `${registry.host}/nothing:1` },
      { name: "cut-off", image: "127.0.0.1:1/nothing:1" },
      { name: "built", image: "molecule-test/never-built:1", build: { context: "." } },
    ];
    const made = await Installation.make({ workspace_templates });
    const env = { ...engine.env, CONTAINER_RUNTIME: "docker" };
    const { code, line } = await made.doctor(env);
    expect(line("container engine")).to.match(/^✓ .*Docker \d.* answers at .*, API 1\.\d+$/);
    expect(line("template there")).to.match(/^✓ .*is there$/);
    expect(line("template pulled")).to.match(
      /^✓ .*is missing; the first launch pulls it from 127\.0\.0\.1:\d+$/,
    );
    expect(line("template cut-off")).to.match(/^! .*127\.0\.0\.1:1 does not answer here: .*ECONNREFUSED/);
    expect(line("template built")).to.match(/^✗ .*is missing, and so is .*Dockerfile/);
    expect(line(`registry ${registry.host}`)).to.match(/^✓ .*it answers$/);
    expect(line("registry 127.0.0.1:1")).to.match(/^! .*it does not answer here: .*ECONNREFUSED/);
    expect(code).to.equal(1);
    await made.write("Dockerfile", "FROM scratch");
    const repaired = await made.doctor(env);
    expect(repaired.line("template built")).to.match(/^✓ .*the first launch builds it$/);
    expect(repaired.code).to.equal(0);
  });

  it("asks the registry of an image that is there as well: newer ones come from it", async function () {
    const engine = await useEngine(this);
    const image = "127.0.0.1:1/molecule-test/cut-off:1";
    await engine.docker.getImage(engine.busybox).tag({ repo: "127.0.0.1:1/molecule-test/cut-off", tag: "1" });
    const made = await Installation.make({ workspace_templates: [{ name: "there", image }] });
    const { code, line } = await made.doctor({ ...engine.env, CONTAINER_RUNTIME: "docker" });
    await engine.docker.getImage(image).remove();
    expect(line("template there")).to.match(/^✓ .*is there$/);
    expect(line("registry 127.0.0.1:1")).to.match(/^! .*it does not answer here: .*ECONNREFUSED/);
    expect(code).to.equal(0);
  });

  it("prints JSON that says the same", async () => {
    const { text, code } = await (await Installation.make()).doctor({ PORT: "abc" }, ["--dev", "--json"]);
    const parsed: unknown = JSON.parse(text);
    expect(code).to.equal(1);
    expect(parsed).to.have.property("ok", false);
    expect(parsed).to.have.nested.property("checks[0].status", "ok");
  });
});

describe("checkNode", () => {
  it("takes 20.19 and later, and refuses what is older", () => {
    const status = (version: string) => checkNode(version).status;
    expect(["20.19.0", "20.20.2", "22.0.0", "24.1.0"].map(status)).to.deep.equal(["ok", "ok", "ok", "ok"]);
    expect(["18.20.0", "20.18.3"].map(status)).to.deep.equal(["fail", "fail"]);
  });
});

describe("runCheck", () => {
  it("makes whatever a check throws its finding, and ends one that hangs", async () => {
    const thrown = await runCheck("a", systemClock, () => {
      throw new Error("broken");
    });
    expect(thrown).to.deep.equal({ name: "a", status: "fail", finding: "broken" });
    let aborted: AbortSignal | undefined;
    const now = { ...systemClock, timer: (callback: () => void) => systemClock.timer(callback, 0) };
    const hung = await runCheck("b", now, (signal) => {
      aborted = signal;
      return new Promise(() => undefined);
    });
    expect(hung).to.deep.equal({ name: "b", status: "fail", finding: "it has not finished within 5000 ms" });
    const patient = await runCheck("c", now, () => new Promise(() => undefined), 30_000);
    expect(patient.finding).to.equal("it has not finished within 30000 ms");
    expect(aborted?.aborted).to.equal(true);
  });
});

describe("registryUrl", () => {
  it("finds an image's registry as the engine does", () => {
    const found = (image: string) => registryUrl(image).href;
    expect(found("ghcr.io/molecule-ai/agent:latest")).to.equal("https://ghcr.io/v2/");
    expect(found("busybox")).to.equal("https://registry-1.docker.io/v2/");
    expect(found("acme/agent:1")).to.equal("https://registry-1.docker.io/v2/");
    expect(found("docker.io/acme/agent")).to.equal("https://registry-1.docker.io/v2/");
    expect(found("localhost/agent")).to.equal("http://localhost/v2/");
    expect(found("127.0.0.1:5000/agent")).to.equal("http://127.0.0.1:5000/v2/");
    expect(found("registry.example:5000/agent")).to.equal("https://registry.example:5000/v2/");
  });
});
