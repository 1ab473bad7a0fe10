import { expect } from "chai";
import { loadPlugin } from "../../dist/src/plugins/loader.js";
import { locatePlugin } from "../../dist/src/plugins/locate.js";
import { codedFailureOf } from "../support/failures.js";
import { CORE_URL, Folder } from "../support/plugins.js";

const PLUGIN = (fields: string) =>
  `export default { $$type: "@molecule/plugin", name: "acme", api: 1, stage: "main", setup() {}, ${fields} };`;

describe("loadPlugin", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await Folder.make();
  });

  afterEach(() => folder.remove());

  async function load(module: string, entry: { stage?: "env" | "main" } = {}, attempt?: number) {
    const located = locatePlugin({ name: "acme", module }, folder.path);
    return loadPlugin({ name: "acme", module, ...entry }, located, attempt);
  }

  /** Code and text of the failure to load what `source` exports. */
  async function failureOf(source: string, entry: { stage?: "env" | "main" } = {}) {
    await folder.write("acme.mjs", source);
    const { code, message } = await codedFailureOf(() => load("./acme.mjs", entry));
    return { code, message };
  }

  it("imports a file below the manifest's folder, made with definePlugin", async () => {
    await folder.write(
      "acme.mjs",
      `import { definePlugin } from ${JSON.stringify(CORE_URL)};
       export default definePlugin({ name: "acme", api: 1, setup() {} });`,
    );
    const { plugin, version } = await load("./acme.mjs");
    expect(plugin).to.include({ name: "acme", api: 1, stage: "main" });
    expect(version).to.equal("0.0.0");
  });

  it("takes a plugin that another copy of core made: only the shape counts", async () => {
    await folder.write("acme.mjs", PLUGIN(""));
    expect((await load("./acme.mjs")).plugin.name).to.equal("acme");
  });

  it("tells the version of the package around a module, past a package.json that has none", async () => {
    await folder.write(
      "node_modules/@acme/plugin/package.json",
      JSON.stringify({ name: "@acme/plugin", version: "1.2.3", exports: "./dist/index.mjs" }),
    );
    await folder.write("node_modules/@acme/plugin/dist/index.mjs", PLUGIN(""));
    await folder.write("node_modules/@acme/plugin/dist/package.json", '{"type":"module"}');
    expect((await load("@acme/plugin")).version).to.equal("1.2.3");
  });

  it("does not fail over a package.json that is not JSON", async () => {
    await folder.write("package.json", "{");
    await folder.write("acme.mjs", PLUGIN(""));
    expect((await load("./acme.mjs")).version).to.equal("0.0.0");
  });

  it("tells a file that is not there, and what to do", async () => {
    const { code, message } = await codedFailureOf(() => load("./nothing.mjs"));
    expect({ code, message }).to.deep.equal({
      code: "PLUGIN_MODULE_NOT_FOUND",
      message:
        'plugin "acme": module "./nothing.mjs" can\'t be found: the file does not exist; install it, or correct "module" in the manifest',
    });
  });

  it("tells what a module throws at its import", async () => {
    expect(await failureOf('throw new Error("no licence");')).to.deep.equal({
      code: "PLUGIN_IMPORT_FAILED",
      message: 'plugin "acme": importing "./acme.mjs" failed: no licence',
    });
  });

  it("tells a module that is no JavaScript", async () => {
    expect((await failureOf("export default {")).code).to.equal("PLUGIN_IMPORT_FAILED");
  });

  it("tells a module that the plugin itself misses from the plugin's own", async () => {
    const { code, message } = await failureOf('import "./helper.mjs";');
    expect(code).to.equal("PLUGIN_IMPORT_FAILED");
    expect(message).to.include("helper.mjs");
  });

  const exported: readonly [string, string, readonly string[]][] = [
    ["no default export", "export const plugin = 1;", ["default: found nothing, allowed: a plugin"]],
    ["null", "export default null;", ["default: found null, allowed: a plugin"]],
    ["a function", "export default () => 1;", ["default: found a function, allowed: a plugin"]],
    [
      "an object that definePlugin did not make",
      'export default { name: "acme", api: 1, stage: "main", setup() {} };',
      ["default.$$type: found nothing, allowed: the result of definePlugin()"],
    ],
    [
      "a plugin of another name",
      PLUGIN('name: "other"'),
      ['default.name: found "other", allowed: "acme", as in the manifest'],
    ],
    [
      "variables that are no names",
      PLUGIN('variables: ["A", 1]'),
      ['default.variables: found ["A",1], allowed: a list of names of variables'],
    ],
    [
      "everything wrong at once",
      "export default {};",
      [
        "default.$$type: found nothing, allowed: the result of definePlugin()",
        'default.name: found nothing, allowed: "acme", as in the manifest',
        "default.setup: found nothing, allowed: a function",
        'default.stage: found nothing, allowed: "env" or "main"',
      ],
    ],
  ];
  for (const [what, source, faults] of exported) {
    it(`refuses ${what}`, async () => {
      const lines = faults.map((fault) => `  - ${fault}`);
      expect(await failureOf(source)).to.deep.equal({
        code: "PLUGIN_EXPORT_INVALID",
        message: [
          'plugin "acme": module "./acme.mjs" must default-export definePlugin({...}):',
          ...lines,
        ].join("\n"),
      });
    });
  }

  for (const [api, found] of [
    ["2", "2"],
    ['"1"', '"1"'],
    ["undefined", "nothing"],
  ] as const) {
    it(`refuses the plugin api ${found}`, async () => {
      expect(await failureOf(PLUGIN(`api: ${api}`))).to.deep.equal({
        code: "PLUGIN_API_UNSUPPORTED",
        message: `plugin "acme": made for plugin api ${found}; this host offers 1; install a version of the plugin for one of these`,
      });
    });
  }

  it("refuses a plugin whose stage is not that of its entry, either way", async () => {
    expect(await failureOf(PLUGIN('stage: "env"'))).to.deep.equal({
      code: "PLUGIN_STAGE_MISMATCH",
      message: 'plugin "acme": its module declares stage "env"; set "stage": "env" in its manifest entry',
    });
    await folder.write("main.mjs", PLUGIN(""));
    const error = await codedFailureOf(() => load("./main.mjs", { stage: "env" }));
    expect(error.code).to.equal("PLUGIN_STAGE_MISMATCH");
  });

  it("imports anew what failed before, so that a repaired module loads without a restart", async () => {
    expect((await failureOf('throw new Error("broken");')).code).to.equal("PLUGIN_IMPORT_FAILED");
    await folder.write("acme.mjs", PLUGIN(""));
    expect((await codedFailureOf(() => load("./acme.mjs"))).code, "the cached failure").to.equal(
      "PLUGIN_IMPORT_FAILED",
    );
    expect((await load("./acme.mjs", {}, 1)).plugin.name).to.equal("acme");
  });
});
