import { computeIntegrity, parseManifest } from "@molecule/core";
import { chmod, readdir, stat } from "node:fs/promises";
import { expect } from "chai";
import { CommandFolder, fillerModule, manifestOf, pluginModule } from "./commands.js";

describe("molecule plugins lock", () => {
  let folder: CommandFolder;

  beforeEach(async () => {
    folder = await CommandFolder.make();
    await folder.write("a.mjs", pluginModule("a"));
    await folder.write("b.mjs", pluginModule("b"));
  });

  afterEach(async () => {
    await folder.remove();
  });

  it("writes the integrity of each plugin that is on, which the host then checks", async () => {
    await folder.write(
      "manifest.json",
      manifestOf({ name: "a", module: "./a.mjs" }, { name: "b", module: "./b.mjs", enabled: false }),
    );
    const { output, error } = await folder.plugins(["lock"]);
    expect(error).to.equal(null);
    expect(output).to.equal(
      '✓ a: locked\n– b: off ("enabled": false in the manifest), left as it is\n' +
        `wrote ${folder.path}/manifest.json\n`,
    );
    const { plugins } = parseManifest(await folder.read("manifest.json"), "manifest.json");
    const integrity = await computeIntegrity({ name: "a", module: "./a.mjs" }, folder.path);
    expect(plugins.map((entry) => entry.integrity)).to.deep.equal([integrity, undefined]);

    expect((await folder.plugins(["validate"])).error).to.equal(null);
    await folder.write("a.mjs", pluginModule("a", "", "// changed"));
    expect((await folder.plugins(["validate"])).output).to.contain("[PLUGIN_INTEGRITY_MISMATCH]");
    expect((await folder.plugins(["lock"])).output).to.contain("✓ a: changed, locked anew");
    expect((await folder.plugins(["validate"])).error).to.equal(null);
  });

  it("locks those as well that are on by what stage env sets, and with --all those that are off", async () => {
    await folder.write("filler.mjs", fillerModule("filler", "TOKEN", "x"));
    await folder.write(
      "manifest.json",
      manifestOf(
        { name: "filler", module: "./filler.mjs", stage: "env" },
        { name: "a", module: "./a.mjs", when: { env: "TOKEN" } },
        { name: "b", module: "./b.mjs", enabled: false },
      ),
    );
    expect((await folder.plugins(["lock"])).output)
      .to.contain("✓ filler: locked\n✓ a: locked\n")
      .and.contain("– b: off");
    expect((await folder.plugins(["lock", "--all"])).output).to.contain("✓ b: locked\n");
    const { plugins } = parseManifest(await folder.read("manifest.json"), "manifest.json");
    expect(plugins.every(({ integrity }) => integrity !== undefined)).to.equal(true);
    await folder.write("filler.mjs", `${await folder.read("filler.mjs")}// changed`);
    const again = await folder.plugins(["lock"]);
    expect(again.output).to.contain("✓ filler: changed, locked anew").and.contain("stage env can't be run");
  });

  it("leaves an up-to-date manifest as it is", async () => {
    await folder.write("manifest.json", manifestOf({ name: "a", module: "./a.mjs" }));
    await folder.plugins(["lock"]);
    const before = await folder.read("manifest.json");
    const { output } = await folder.plugins(["lock"]);
    expect(output).to.contain("✓ a: unchanged").and.contain("is up to date");
    expect(await folder.read("manifest.json")).to.equal(before);
  });

  it("changes nothing of a manifest but the integrity: not its layout, order, line ends or mode", async () => {
    const integrity = await computeIntegrity({ name: "a", module: "./a.mjs" }, folder.path);
    const of = (inline: string, lines: string, present: string) =>
      `\uFEFF{ "version": 1,\r\n\t"workspace_templates": [],\r\n  "plugins": [\r\n` +
      `    { "module": "./a.mjs", "name": "a", "config": { "x": [1, 2] }${inline} },\r\n` +
      `    {\r\n      "name": "b",\r\n      "module": "./b.mjs"${lines}\r\n    },\r\n` +
      `    { "name": "c", ${present}"module": "./a.mjs" }\r\n  ] }`;
    const b = await computeIntegrity({ name: "b", module: "./b.mjs" }, folder.path);
    const old = integrity.replace(/^sha512-...../, "sha512-AAAAA");
    const path = await folder.write("deploy.json", of("", "", `"integrity": "${old}", `));
    await chmod(path, 0o640);
    expect((await folder.plugins(["lock", "--manifest", "deploy.json"])).error).to.equal(null);
    expect(await folder.read("deploy.json")).to.equal(
      of(`, "integrity": "${integrity}"`, `,\r\n      "integrity": "${b}"`, `"integrity": "${integrity}", `),
    );
    expect((await stat(path)).mode & 0o777).to.equal(0o640);
    expect((await readdir(folder.path)).sort()).to.deep.equal(["a.mjs", "b.mjs", "deploy.json"]);
  });

  it("writes nothing when one plugin can't be found", async () => {
    await folder.write(
      "manifest.json",
      manifestOf({ name: "a", module: "./a.mjs" }, { name: "gone", module: "./gone.mjs" }),
    );
    const before = await folder.read("manifest.json");
    const { error } = await folder.plugins(["lock"]);
    expect(error?.message).to.contain('plugin "gone"');
    expect(await folder.read("manifest.json")).to.equal(before);
  });

  it("refuses a faulty manifest and faulty overrides", async () => {
    await folder.write("manifest.json", { version: 2 });
    expect((await folder.plugins(["lock"])).error?.code).to.equal("MANIFEST_INVALID");
    await folder.write("manifest.json", manifestOf());
    expect((await folder.plugins(["lock"], { MOLECULE_PLUGINS: "x" })).error?.code).to.equal(
      "PLUGIN_OVERRIDES_INVALID",
    );
  });
});
