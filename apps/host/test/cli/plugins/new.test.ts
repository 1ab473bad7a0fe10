import { access, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { variablePrefix } from "../../../dist/cli/plugins/plugin-files.js";
import { TOOL_VERSIONS } from "../../../dist/cli/plugins/plugin-package.js";
import { CommandFolder, manifestOf } from "./commands.js";

const REPOSITORY = fileURLToPath(new URL("../../../../..", import.meta.url));

// That what it writes builds, tests and runs is seen in test/e2e/third-party-plugin.test.ts.
describe("molecule plugins new", () => {
  let folder: CommandFolder;

  beforeEach(async () => {
    folder = await CommandFolder.make();
  });

  afterEach(async () => {
    await folder.remove();
  });

  it("writes a package and says how to build, list and run it", async () => {
    const { output, error } = await folder.plugins(["new", "acme-vault"]);
    expect(error).to.equal(null);
    expect(await readdir(folder.path)).to.deep.equal(["acme-vault"]);
    expect((await readdir(join(folder.path, "acme-vault"))).sort()).to.deep.equal([
      ".gitignore",
      ".npmrc",
      "README.md",
      "package.json",
      "src",
      "test",
      "tsconfig.json",
    ]);
    expect(output)
      .to.contain("cd acme-vault && npm install && npm test")
      .and.contain(
        '{"name":"acme-vault","module":"./acme-vault/dist/src/index.js","config":{},' +
          '"env":{"reads":[],"writes":["ACME_VAULT_*"]}}',
      )
      .and.contain("molecule plugins validate");
    expect(JSON.parse(await folder.read("acme-vault/package.json"))).to.deep.include({
      name: "molecule-plugin-acme-vault",
      type: "module",
      peerDependencies: { "@molecule/core": "^0.1.0" },
    });
    expect(await folder.read("acme-vault/test/index.test.ts")).to.contain("describeConformance(plugin");
  });

  it("builds against the core that the host itself runs on, and with the tools of this repository", async () => {
    await folder.plugins(["new", "acme"]);
    const text = await folder.read("acme/package.json");
    const core = /"file:([^"]+)"/.exec(text)?.[1] ?? "";
    expect(await readFile(join(folder.path, "acme", core, "package.json"), "utf8")).to.contain(
      '"name": "@molecule/core"',
    );
    const tools: unknown = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8"));
    expect(tools).to.have.property("devDependencies").that.includes(TOOL_VERSIONS);
  });

  it("names the package where it can't be listed by path", async () => {
    const { output } = await folder.plugins(["new", "acme"], { MOLECULE_MANIFEST: "deploy/manifest.json" });
    expect(output).to.contain('"module":"molecule-plugin-acme"').and.contain("npm install --install-links");
  });

  it("prints commands that a shell takes, whatever the folder is called", async () => {
    await folder.write("deploy/manifest.json", manifestOf());
    const env = { MOLECULE_MANIFEST: "deploy/manifest.json" };
    const spaced = (await folder.plugins(["new", "acme", "--dir", "my 'own' plugins"], env)).output;
    expect(spaced)
      .to.contain("\n  cd 'my '\\''own'\\'' plugins' && npm install && npm test\n")
      .and.contain(`npm install --install-links '${folder.path}/my '\\''own'\\'' plugins'\n`);
  });

  it("leads nowhere where the folder is the one that it is called in", async () => {
    const made = await CommandFolder.make();
    const { output, error } = await made.plugins(["new", "acme", "--dir", "."]);
    await made.remove();
    expect(error).to.equal(null);
    expect(output).to.contain("\n  npm install && npm test\n");
  });

  it("refuses a name that no manifest takes", async () => {
    for (const name of ["Acme", "acme vault", "-acme", "../acme", "a".repeat(65)]) {
      const { error } = await folder.plugins(["new", "--", name]);
      expect(error?.code, name).to.equal("PLUGIN_NAME_INVALID");
      expect(error?.message).to.contain(JSON.stringify(name));
    }
    expect(await readdir(folder.path)).to.deep.equal([]);
  });

  it("refuses a name that the manifest has", async () => {
    const manifest = await folder.write("manifest.json", manifestOf({ name: "acme", module: "@acme/x" }));
    const { error } = await folder.plugins(["new", "acme"]);
    expect(error).to.deep.equal({
      code: "PLUGIN_NAME_TAKEN",
      message: `plugin name: "acme" is taken by an entry of ${manifest}; choose another name`,
    });
    expect(await readdir(folder.path)).to.deep.equal(["manifest.json"]);
  });

  it("refuses a folder that holds something, a file in its place, and a place that can't be written", async () => {
    await folder.write("acme/notes.txt", "mine");
    expect((await folder.plugins(["new", "acme"])).error?.code).to.equal("PLUGIN_FOLDER_TAKEN");
    expect((await folder.plugins(["new", "other", "--dir", "acme/notes.txt"])).error?.code).to.equal(
      "PLUGIN_FOLDER_TAKEN",
    );
    const below = await folder.plugins(["new", "other", "--dir", "acme/notes.txt/deeper"]);
    expect(below.error?.code).to.equal("PLUGIN_FOLDER_TAKEN");
    expect(await folder.read("acme/notes.txt")).to.equal("mine");
    expect((await folder.plugins(["new", "other", "--dir", "/proc/self/fd/plugin"])).error?.code).to.equal(
      "PLUGIN_FOLDER_UNUSABLE",
    );
  });

  it("takes an empty folder", async () => {
    await mkdir(join(folder.path, "empty"));
    expect((await folder.plugins(["new", "acme", "--dir", "empty"])).error).to.equal(null);
    await access(join(folder.path, "empty/package.json"));
  });

  it("makes variable names that a shell takes", () => {
    expect(variablePrefix("acme-vault")).to.equal("ACME_VAULT");
    expect(variablePrefix("3d")).to.equal("P_3D");
  });
});
