import { expect } from "chai";
import { CommandFolder, fillerModule, manifestOf, pluginModule } from "./commands.js";

const SCHEMA = `config: { type: "object", properties: { url: { type: "string" } }, required: ["url"] },`;

describe("molecule plugins validate", function () {
  this.timeout(180_000);

  let folder: CommandFolder;

  beforeEach(async () => {
    folder = await CommandFolder.make();
  });

  afterEach(async () => {
    await folder.remove();
  });

  it("finds no fault in a manifest whose plugins are right, and runs no setup", async () => {
    await folder.write("good.mjs", pluginModule("good"));
    const path = await folder.write("manifest.json", manifestOf({ name: "good", module: "./good.mjs" }));
    const { output, error } = await folder.plugins(["validate"]);
    expect(error).to.equal(null);
    expect(output).to.equal(`✓ good 0.0.0\n${path}: no fault\n`);
  });

  it("prints every fault of every plugin that is on, and fails with their number", async () => {
    await folder.write("throws.mjs", "throw new Error('at import');");
    await folder.write("exits.mjs", pluginModule("exits", "", "process.exit(0);"));
    await folder.write("none.mjs", "export default 1;");
    await folder.write("old.mjs", pluginModule("old", "api: 7,"));
    await folder.write("early.mjs", pluginModule("early", 'stage: "env",'));
    await folder.write("config.mjs", pluginModule("config", SCHEMA));
    await folder.write("schema.mjs", pluginModule("schema", 'config: { type: "nonsense" },'));
    const names = ["gone", "throws", "exits", "none", "old", "early", "config", "schema"];
    const entries = names.map((name) => ({ name, module: `./${name}.mjs` }));
    const path = await folder.write("manifest.json", manifestOf(...entries));
    const { output, error } = await folder.plugins(["validate"]);
    const codes = output.split("\n").map((line) => /\[([A-Z_]+)\]$/.exec(line)?.[1] ?? "");
    expect(codes.filter((code) => code !== "")).to.deep.equal([
      "PLUGIN_MODULE_NOT_FOUND",
      "PLUGIN_IMPORT_FAILED",
      "PLUGIN_IMPORT_FAILED",
      "PLUGIN_EXPORT_INVALID",
      "PLUGIN_API_UNSUPPORTED",
      "PLUGIN_STAGE_MISMATCH",
      "PLUGIN_CONFIG_INVALID",
      "PLUGIN_EXPORT_INVALID",
    ]);
    expect(output)
      .to.contain('plugin "exits": importing "./exits.mjs" failed: it ended the process')
      .and.contain("url: found nothing, allowed: a value (required)");
    expect(error).to.deep.equal({
      code: "PLUGINS_FAULTY",
      message: `${path}: 8 faults, told above; put them right and validate again`,
    });
  });

  it("ends though a plugin leaves a timer running as it is imported, and keeps its output clean", async () => {
    const code = "setInterval(() => {}, 1_000); console.log('noise');";
    await folder.write("busy.mjs", pluginModule("busy", "", code));
    await folder.write("manifest.json", manifestOf({ name: "busy", module: "./busy.mjs" }));
    const { output, error } = await folder.plugins(["validate"]);
    expect(error).to.equal(null);
    expect(output).not.to.contain("noise");
  });

  it("checks those as well that are on by what stage env sets", async () => {
    await folder.write("filler.mjs", fillerModule("filler", "TOKEN", "x"));
    const entries = [
      { name: "waits", module: "./gone.mjs", when: { env: "TOKEN" } },
      { name: "filler", module: "./filler.mjs", stage: "env" },
    ];
    await folder.write("manifest.json", manifestOf(...entries));
    const { output, error } = await folder.plugins(["validate"]);
    expect(output).to.contain("✓ filler 0.0.0").and.contain("[PLUGIN_MODULE_NOT_FOUND]");
    expect(error?.code).to.equal("PLUGINS_FAULTY");
  });

  it("leaves plugins that are off alone, and checks them too with --all", async () => {
    const entries = [
      { name: "off", module: "./gone.mjs", enabled: false },
      { name: "waits", module: "./gone.mjs", when: { env: "TOKEN" } },
    ];
    await folder.write("manifest.json", manifestOf(...entries));
    const some = await folder.plugins(["validate"]);
    expect(some.error).to.equal(null);
    expect(some.output)
      .to.contain('– off: off ("enabled": false in the manifest), not checked; --all checks it too\n')
      .and.contain("– waits: off (waits for TOKEN to be set), not checked");
    expect((await folder.plugins(["validate", "--all"])).error?.message).to.contain("2 faults");
    expect((await folder.plugins(["validate"], { TOKEN: "x" })).error?.message).to.contain("1 fault,");
  });

  it("tells faulty overrides, and checks the plugins all the same", async () => {
    await folder.write("manifest.json", manifestOf({ name: "gone", module: "./gone.mjs" }));
    const { output, error } = await folder.plugins(["validate"], { MOLECULE_PLUGINS: "gone,+other" });
    expect(output).to.contain("[PLUGIN_OVERRIDES_INVALID]").and.contain("[PLUGIN_MODULE_NOT_FOUND]");
    expect(error?.message).to.contain("3 faults");
  });

  it("tells every fault of a manifest that is wrong itself", async () => {
    const entries = [
      { name: "a", module: "./a.mjs", after: ["b"], colour: 1 },
      { name: "b", module: "../b.mjs", after: ["a"] },
    ];
    await folder.write("manifest.json", manifestOf(...entries));
    const { output, error } = await folder.plugins(["validate"]);
    expect(output)
      .to.contain("plugins[0].colour: found an unknown key")
      .and.contain('plugins[1].module: found "../b.mjs"')
      .and.contain("the cycle")
      .and.contain("[MANIFEST_INVALID]");
    expect(error?.message).to.contain("3 faults");
  });

  it("checks the plugins of a faulty manifest whose own entries are not", async () => {
    await folder.write("good.mjs", pluginModule("good"));
    await folder.write("config.mjs", pluginModule("config", SCHEMA));
    const entries = [
      { name: "typo", module: "./good.mjs", colour: 1 },
      { name: "good", module: "./good.mjs", after: ["nobody"] },
      { name: "config", module: "./config.mjs" },
    ];
    await folder.write("manifest.json", { ...manifestOf(...entries), extra: true });
    const { output, error } = await folder.plugins(["validate"], { MOLECULE_PLUGINS: "-typo" });
    expect(output)
      .to.contain("plugins[0].colour: found an unknown key")
      .and.contain("plugins[1].after[0]: found")
      .and.contain("✓ good 0.0.0")
      .and.contain("[PLUGIN_CONFIG_INVALID]")
      .and.not.contain("PLUGIN_OVERRIDES_INVALID");
    expect(error?.message).to.contain("4 faults");
  });

  it("tells a manifest that is not there or no JSON, by the path that was given", async () => {
    const missing = await folder.plugins(["validate", "nowhere.json"]);
    expect(missing.output).to.contain("nowhere.json can't be read").and.contain("[MANIFEST_UNREADABLE]");
    await folder.write("manifest.json", "{");
    expect((await folder.plugins(["validate"])).output).to.contain("[MANIFEST_NOT_JSON]");
  });

  it("takes the manifest of MOLECULE_MANIFEST, where an empty one counts as unset", async () => {
    await folder.write("deploy.json", manifestOf());
    expect((await folder.plugins(["validate"], { MOLECULE_MANIFEST: "deploy.json" })).error).to.equal(null);
    const empty = await folder.plugins(["validate"], { MOLECULE_MANIFEST: "" });
    expect(empty.output).to.contain("manifest.json can't be read");
  });

  it("prints one JSON document with --json, also when there are faults", async () => {
    await folder.write("config.mjs", pluginModule("config", SCHEMA));
    const path = await folder.write("manifest.json", manifestOf({ name: "config", module: "./config.mjs" }));
    const { output, error } = await folder.plugins(["validate", "--json"]);
    const parsed: unknown = JSON.parse(output);
    expect(parsed).to.deep.include({
      ok: false,
      path,
      plugins: [
        {
          name: "config",
          module: "./config.mjs",
          version: null,
          reason: "listed in the manifest",
          outcome: "faulty",
        },
      ],
    });
    expect(parsed).to.have.nested.property("faults[0].code", "PLUGIN_CONFIG_INVALID");
    expect(parsed).to.have.nested.property("faults[0].faults[0].path", "url");
    expect(error?.code).to.equal("PLUGINS_FAULTY");
  });

  describe("of a package's folder", () => {
    const PACKAGE = {
      name: "molecule-plugin-acme",
      version: "1.2.3",
      type: "module",
      exports: "./index.js",
      peerDependencies: { "@molecule/core": "^0.1.0" },
    };

    it("finds no fault in a package that is right, and does not ask for its config", async () => {
      await folder.write("acme/package.json", PACKAGE);
      await folder.write("acme/index.js", pluginModule("acme", SCHEMA));
      const { output, error } = await folder.plugins(["validate", "acme"]);
      expect(error).to.equal(null);
      expect(output).to.equal(`✓ acme 1.2.3\n${folder.path}/acme: no fault\n`);
    });

    it("finds a module by main as well, and in stage env", async () => {
      await folder.write("acme/package.json", { ...PACKAGE, exports: undefined, main: "lib/main.js" });
      await folder.write("acme/lib/main.js", pluginModule("acme", 'stage: "env",'));
      expect((await folder.plugins(["validate", "acme"])).error).to.equal(null);
    });

    it("tells every fault of its package.json", async () => {
      await folder.write("acme/package.json", { name: "x", type: "commonjs" });
      const { output, error } = await folder.plugins(["validate", "acme"]);
      expect(output)
        .to.contain("version: found nothing")
        .and.contain('type: found "commonjs"')
        .and.contain("peerDependencies: found nothing")
        .and.contain("[PLUGIN_PACKAGE_INVALID]");
      expect(error?.message).to.contain("3 faults");
      await folder.write("acme/package.json", { ...PACKAGE, exports: undefined });
      expect((await folder.plugins(["validate", "acme"])).output).to.contain("exports: found nothing");
      await folder.write("acme/package.json", "{");
      expect((await folder.plugins(["validate", "acme"])).output).to.contain(
        "a package.json that can be read",
      );
    });

    it("tells what is wrong with its module, and a name that no manifest takes", async () => {
      await folder.write("acme/package.json", PACKAGE);
      expect((await folder.plugins(["validate", "acme"])).output).to.contain("[PLUGIN_MODULE_NOT_FOUND]");
      await folder.write("acme/index.js", pluginModule("Acme Vault"));
      expect((await folder.plugins(["validate", "acme"])).output).to.contain("[MANIFEST_INVALID]");
      await folder.write("acme/index.js", "export default {};");
      expect((await folder.plugins(["validate", "acme"])).output).to.contain("[PLUGIN_EXPORT_INVALID]");
    });
  });
});
