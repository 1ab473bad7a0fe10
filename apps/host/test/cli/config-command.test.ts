import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { makeProject, type Project } from "@molecule/test/support/project.js";
import { plantSecretsOf, recordOutput } from "@molecule/test/support/secret-watch.js";
import { expect } from "chai";
import { runCli } from "../../dist/cli/program.js";

const SECRET = "hunter22-secret";

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

describe("molecule config", () => {
  let project: Project;

  beforeEach(async () => {
    project = await makeProject();
  });

  /** Runs a command two folders below the project's. */
  async function run(args: readonly string[], env: Record<string, string> = {}) {
    const texts: string[] = [];
    const stream = () =>
      new PassThrough({ encoding: "utf8" }).on("data", (chunk: string) => void texts.push(chunk));
    const code = await runCli(args, { env, cwd: project.below, output: stream(), errorOutput: stream() });
    plantSecretsOf(env, "the environment of molecule config");
    recordOutput("command", `molecule ${args[0] ?? ""}`, texts.join(""));
    return { code, text: texts.join("") };
  }

  it("prints as JSON what counts and where it comes from, secrets masked, and leaves the environment alone", async () => {
    await project.write(
      ".env",
      `ADMIN_TOKEN=${SECRET}\nPORT=1\nMOLECULE_DATA_DIR=data\nnonsense\nX_OF_SITE=${SECRET}\n`,
    );
    const env = { PORT: "2", METRICS_TOKEN: SECRET };
    const { code, text } = await run(["config", "--json"], env);
    expect(code, text).to.equal(0);
    const printed: unknown = JSON.parse(text);
    expect(field(printed, "env_stage")).to.deep.equal([
      { name: "dotenv", outcome: "ok", detail: "loaded 3, 1 already set, 1 warning" },
      {
        name: "control-plane-env",
        outcome: "ok",
        detail: "no control plane: MOLECULE_ORG_ID, MOLECULE_CP_URL not set",
      },
    ]);
    const file = { kind: "plugin", plugin: "dotenv", source: ".env file" };
    expect(field(printed, "variables")).to.deep.include.members([
      { name: "PORT", value: "2", origin: { kind: "environment" } },
      { name: "ADMIN_TOKEN", value: "***", origin: file },
      { name: "METRICS_TOKEN", value: "***", origin: { kind: "environment" } },
      { name: "MOLECULE_DATA_DIR", value: join(project.dir, "data"), origin: file },
      { name: "RATE_LIMIT", value: "600", origin: { kind: "default" } },
      { name: "DATABASE_URL", value: null, origin: { kind: "default" } },
      { name: "X_OF_SITE", value: "***", origin: file },
    ]);
    expect(text).not.to.contain(SECRET);
    expect(env).to.deep.equal({ PORT: "2", METRICS_TOKEN: SECRET });
  });

  it("tells of a required plugin's failure without the secret that it quotes", async () => {
    project = await makeProject([{ name: "vital", module: "./vital.mjs", stage: "env", required: true }]);
    await project.write(
      "vital.mjs",
      `export default { $$type: "@molecule/plugin", name: "vital", api: 1, stage: "env",
        setup(ctx) { throw new Error("bad key " + ctx.env.ACME_TOKEN); } };\n`,
    );
    const { code, text } = await run(["config"], { ACME_TOKEN: SECRET });
    expect(code).to.equal(1);
    expect(text).to.contain("bad key *** [PLUGIN_REQUIRED_FAILED]");
  });

  it("takes --dev as the host does", async () => {
    expect((await run(["config", "--dev"])).text).to.match(/^MOLECULE_ENV +development +default$/m);
  });

  it("tells every fault at once, those of the .env file too", async () => {
    await project.write(".env", "PORT=http\n");
    const { code, text } = await run(["config"], { LOG_LEVEL: "loud" });
    expect(code).to.equal(1);
    expect(text).to.contain('PORT: found "http"').and.contain('LOG_LEVEL: found "loud"');
  });

  it("lets the doctor tell what stage env gave, and look at the rest with that", async () => {
    await project.write(".env", `PORT=http\nMOLECULE_ORG_ID=acme\nADMIN_TOKEN=${SECRET}\n`);
    const { text } = await run(["doctor"], {
      MOLECULE_CP_URL: "http://127.0.0.1:1",
      CONTAINER_RUNTIME: "none",
    });
    expect(text).to.contain("\n✓ env stage dotenv — loaded 3, 0 already set\n");
    expect(text).to.match(/^! env stage control-plane-env — .*does not answer: /m);
    expect(text).to.match(/^✗ configuration — the configuration has 1 fault/m);
    expect(text).not.to.contain(SECRET);
  });

  it("says of a .env that can't be read that it is so, in the doctor as well", async () => {
    await mkdir(join(project.dir, ".env"));
    expect((await run(["config"])).text).to.match(/^ {2}✗ dotenv: .*\.env can't be read: it is no file/m);
    expect((await run(["doctor"])).text).to.match(/^! env stage dotenv — .*\.env can't be read/m);
  });
});
