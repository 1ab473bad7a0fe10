import { parseManifest, type PluginEntry } from "@molecule/core";
import { decidePlugins, inspectModule, inspectPlugin } from "@molecule/core/testing";
import { expect } from "chai";
import { join } from "node:path";
import { codedFailureOf } from "../support/failures.js";
import { Folder, pluginSource } from "../support/plugins.js";

const SCHEMA = `config: { type: "object", properties: { n: { type: "number", default: 1 } }, required: ["n"] },`;

describe("inspectPlugin", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await Folder.make();
  });

  afterEach(async () => {
    await folder.remove();
  });

  it("gives name, version, stage and variables of a plugin that is right, without its setup", async () => {
    await folder.write("package.json", '{ "version": "3.2.1" }');
    await folder.write(
      "good.mjs",
      pluginSource("good", "throw new Error('setup ran');", `variables: ["A"], ${SCHEMA}`),
    );
    expect(await inspectPlugin({ name: "good", module: "./good.mjs" }, folder.path)).to.deep.equal({
      name: "good",
      version: "3.2.1",
      stage: "main",
      variables: ["A"],
    });
  });

  it("fails as the host would, by what is wrong", async () => {
    await folder.write("good.mjs", pluginSource("good", "", SCHEMA));
    await folder.write("schema.mjs", pluginSource("schema", "", `config: { type: "nonsense" },`));
    const integrity = `sha512-${"A".repeat(86)}==`;
    const faulty: [Partial<PluginEntry>, string, string][] = [
      [{ module: "./gone.mjs" }, "PLUGIN_MODULE_NOT_FOUND", "gone.mjs"],
      [{ integrity }, "PLUGIN_INTEGRITY_MISMATCH", integrity],
      [{ name: "other" }, "PLUGIN_EXPORT_INVALID", "default.name"],
      [{ stage: "env" }, "PLUGIN_STAGE_MISMATCH", '"main"'],
      [{ config: { n: "x" } }, "PLUGIN_CONFIG_INVALID", "n: found"],
      [{ name: "schema", module: "./schema.mjs" }, "PLUGIN_EXPORT_INVALID", "default.config"],
    ];
    for (const [changes, code, text] of faulty) {
      const entry = { name: "good", module: "./good.mjs", ...changes };
      const error = await codedFailureOf(() => inspectPlugin(entry, folder.path));
      expect(error.code).to.equal(code);
      expect(error.message).to.contain(text);
    }
  });

  describe("inspectModule", () => {
    it("takes name and stage from the module itself, and asks for no config", async () => {
      await folder.write(
        "early.mjs",
        pluginSource("early", "", `${SCHEMA} stage: "env",`).replace('stage: "main",', ""),
      );
      expect(await inspectModule("./early.mjs", folder.path)).to.deep.include({
        name: "early",
        stage: "env",
      });
    });

    it("refuses what no manifest could list", async () => {
      await folder.write("name.mjs", pluginSource("Bad Name", ""));
      await folder.write("none.mjs", "export const plugin = 1;");
      await folder.write("throws.mjs", "throw new Error('at import');");
      const codeOf = async (module: string) =>
        (await codedFailureOf(() => inspectModule(module, folder.path))).code;
      expect(await codeOf("./name.mjs")).to.equal("MANIFEST_INVALID");
      expect(await codeOf("./none.mjs")).to.equal("PLUGIN_EXPORT_INVALID");
      expect(await codeOf("./throws.mjs")).to.equal("PLUGIN_IMPORT_FAILED");
      expect(await codeOf("./gone.mjs")).to.equal("PLUGIN_MODULE_NOT_FOUND");
    });
  });
});

describe("decidePlugins", () => {
  const manifest = parseManifest(
    JSON.stringify({
      version: 1,
      plugins: [
        { name: "b", module: "b", after: ["a"] },
        { name: "a", module: "a", when: { env: "A" } },
      ],
      workspace_templates: [],
    }),
    join("/etc", "manifest.json"),
  );

  it("tells in effective order whether each plugin would be on, and why", () => {
    const decided = decidePlugins(manifest, { MOLECULE_PLUGINS: "-b" });
    expect(decided.map(({ entry, enabled, reason }) => [entry.name, enabled, reason])).to.deep.equal([
      ["a", false, "waits for A to be set"],
      ["b", false, "MOLECULE_PLUGINS has -b"],
    ]);
  });

  it("refuses faulty overrides", () => {
    expect(() => decidePlugins(manifest, { MOLECULE_PLUGINS: "+c" })).to.throw("MOLECULE_PLUGINS");
  });
});
