import { parseManifest } from "@molecule/core";
import { expect } from "chai";
import { readConfig, readWith, type HostConfig } from "../../dist/config/config.js";
import { describeOrigin, effectiveVariables } from "../../dist/config/effective.js";
import { VariableReader } from "../../dist/config/variables.js";

const CONTEXT = { dev: false, cwd: "/srv", terminal: false };
const MANIFEST = {
  version: 1,
  plugins: [{ name: "github-app-auth", module: "./x.js", when: { env: "GITHUB_APP_ID" } }],
  workspace_templates: [],
};

/** What counts, with variables that a plugin of stage `env` has set. */
function effective(env: Record<string, string>, set: readonly string[] = []) {
  const origin = { plugin: "dotenv", source: ".env file" };
  const variables = effectiveVariables({
    env,
    given: Object.fromEntries(Object.entries(env).filter(([name]) => !set.includes(name))),
    origins: new Map(set.map((name) => [name, origin])),
    config: readConfig(env, CONTEXT),
    manifest: parseManifest(JSON.stringify(MANIFEST), "/srv/manifest.json"),
    declared: ["ACME_URL", "ACME_TOKEN", "PORT"],
  });
  return new Map(
    variables.map(({ name, value, origin: from }) => [name, `${value ?? "–"} | ${describeOrigin(from)}`]),
  );
}

describe("effectiveVariables", () => {
  it("has every variable that the configuration is read from", () => {
    const read = new VariableReader({});
    const config: HostConfig = readWith(read, CONTEXT);
    expect(config.port).to.equal(8080);
    expect([...effective({}).keys()]).to.include.members([...read.names]);
  });

  it("tells the value that counts, and where it comes from", () => {
    const variables = effective(
      { PORT: "1", RATE_LIMIT: "", MOLECULE_ENV: "dev", GITHUB_APP_ID: "7", TRUSTED_PROXIES: "10.0.0.1" },
      ["MOLECULE_ENV", "GITHUB_APP_ID"],
    );
    expect(Object.fromEntries(variables)).to.include({
      PORT: "1 | environment",
      RATE_LIMIT: "600 | default",
      MOLECULE_ENV: "development | .env file (dotenv)",
      GITHUB_APP_ID: "7 | .env file (dotenv)",
      TRUSTED_PROXIES: "10.0.0.1/32 | environment",
      MOLECULE_DATA_DIR: "/srv/.data | default",
      MOLECULE_MANIFEST: "/srv/manifest.json | default",
    });
  });

  it("does not take the manifest's path from the .env file, which is read too late for it", () => {
    const env = { MOLECULE_MANIFEST: "/srv/manifest.json" };
    expect(effective(env).get("MOLECULE_MANIFEST")).to.equal("/srv/manifest.json | environment");
    const filled = effective({ MOLECULE_MANIFEST: "/other.json" }, ["MOLECULE_MANIFEST"]);
    expect(filled.get("MOLECULE_MANIFEST")).to.equal("/srv/manifest.json | default");
  });

  it("tells the variables that plugins declare, each once", () => {
    const variables = effective({ ACME_URL: "https://acme", ACME_TOKEN: "hunter22" }, ["ACME_TOKEN"]);
    expect(variables.get("ACME_URL")).to.equal("https://acme | environment");
    expect(variables.get("ACME_TOKEN")).to.equal("*** | .env file (dotenv)");
    expect(variables.get("PORT")).to.equal("8080 | default");
  });

  it("shows no part of the database's password, however short and wherever it ends for a parser", () => {
    const variables = effective({ DATABASE_URL: "postgres://u:1/a@b@db/x" });
    expect(variables.get("DATABASE_URL")).to.equal("postgres://u:***@db/x | environment");
    const inQuery = effective({ DATABASE_URL: "postgres://db/x?password=1%2Fa&user=u" });
    expect(inQuery.get("DATABASE_URL")).to.equal("postgres://db/x?password=***&user=u | environment");
  });

  it("masks secrets, and whatever a plugin has set that nobody declared", () => {
    const env = { ADMIN_TOKEN: "hunter22", METRICS_TOKEN: "hunter22", ANYTHING: "hunter22" };
    const variables = effective(env, ["ANYTHING"]);
    expect(JSON.stringify([...variables])).not.to.contain("hunter22");
    expect(variables.get("ADMIN_TOKEN")).to.equal("*** | environment");
    expect(variables.get("ANYTHING")).to.equal("*** | .env file (dotenv)");
  });
});

describe("describeOrigin", () => {
  it("names the plugin, also of one that does not say what it reads", () => {
    expect(describeOrigin({ kind: "plugin", plugin: "acme-vault", source: null })).to.equal(
      "plugin acme-vault",
    );
  });
});
