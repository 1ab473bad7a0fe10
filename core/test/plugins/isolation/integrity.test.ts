import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { computeIntegrity, parseManifest } from "@molecule/core";
import { codedFailureOf } from "../../support/failures.js";
import { Folder } from "../../support/plugins.js";
import { benchPerTest, logged, moduleSource, provision } from "./isolated.js";

const ENTRY = { name: "acme", module: "@acme/plugin" };
const PACKAGE = "node_modules/@acme/plugin";

describe("computeIntegrity", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await Folder.make();
  });

  afterEach(() => folder.remove());

  const integrity = (module = ENTRY.module) => computeIntegrity({ name: "acme", module }, folder.path);

  async function writePackage(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) await folder.write(`${PACKAGE}/${path}`, content);
  }

  const FILES = {
    "package.json": '{"name":"@acme/plugin","exports":"./dist/index.mjs"}',
    "dist/index.mjs": "export default 1;",
    "dist.txt": "ü",
    "dist/a/b.mjs": "",
  };

  /** As the documentation defines it, over files that are given in the order of their paths. */
  function byDefinition(files: readonly (readonly [path: string, content: string])[]): string {
    const text = files
      .map(([path, content]) => `${path}\0${Buffer.byteLength(content)}\0${content}`)
      .join("");
    return `sha512-${createHash("sha512").update(text).digest("base64")}`;
  }

  it("digests each file's path, length and content, in the order of the whole paths", async () => {
    await writePackage(FILES);
    expect(await integrity()).to.equal(
      byDefinition([
        ["dist.txt", "ü"],
        ["dist/a/b.mjs", ""],
        ["dist/index.mjs", "export default 1;"],
        ["package.json", FILES["package.json"]],
      ]),
    );
  });

  it("covers the whole folder that the manifest names by path, named or not", async () => {
    await folder.write("vendor/acme/package.json", '{"main":"dist/index.mjs"}');
    await folder.write("vendor/acme/dist/index.mjs", "export default 1;");
    await folder.write("vendor/acme/data.txt", "a");
    const before = await integrity("./vendor/acme");
    expect(before).to.equal(
      byDefinition([
        ["data.txt", "a"],
        ["dist/index.mjs", "export default 1;"],
        ["package.json", '{"main":"dist/index.mjs"}'],
      ]),
    );
    await folder.write("vendor/acme/data.txt", "b");
    expect(await integrity("./vendor/acme")).not.to.equal(before);
  });

  it("is in the form that the manifest wants", async () => {
    await writePackage(FILES);
    const plugins = [{ ...ENTRY, integrity: await integrity() }];
    const text = JSON.stringify({ version: 1, plugins, workspace_templates: [] });
    expect(parseManifest(text, join(folder.path, "manifest.json")).plugins).to.deep.equal(plugins);
  });

  it("does not depend on the order in which files came to be, nor on the place of the package", async () => {
    await writePackage(FILES);
    const other = await Folder.make();
    try {
      for (const [path, content] of Object.entries(FILES).reverse()) {
        await other.write(`${PACKAGE}/${path}`, content);
      }
      expect(await computeIntegrity(ENTRY, other.path)).to.equal(await integrity());
    } finally {
      await other.remove();
    }
  });

  const changes: readonly (readonly [string, (dir: string) => Promise<unknown>])[] = [
    ["a file changes", () => folder.write(`${PACKAGE}/dist/index.mjs`, "export default 2;")],
    ["a file is added", () => folder.write(`${PACKAGE}/dist/c.mjs`, "")],
    ["a hidden file is added", () => folder.write(`${PACKAGE}/.hidden`, "")],
    ["a file is removed", (dir) => rm(join(dir, "dist/a/b.mjs"))],
    ["a file is renamed", (dir) => rename(join(dir, "dist/a/b.mjs"), join(dir, "dist/a/c.mjs"))],
    [
      "content moves from one file to the next",
      async (dir) => {
        await rm(join(dir, "dist/a/b.mjs"));
        await folder.write(`${PACKAGE}/dist.txt`, "üdist/a/b.mjs\x000\0");
      },
    ],
    ["package.json changes", () => folder.write(`${PACKAGE}/package.json`, `${FILES["package.json"]} `)],
  ];
  for (const [title, change] of changes) {
    it(`is another one when ${title}`, async () => {
      await writePackage(FILES);
      const before = await integrity();
      await change(join(folder.path, PACKAGE));
      expect(await integrity()).to.not.equal(before);
    });
  }

  it("leaves the package's dependencies and history out, at any depth", async () => {
    await writePackage(FILES);
    const before = await integrity();
    await writePackage({
      "node_modules/dep/index.js": "x",
      ".git/HEAD": "x",
      "dist/node_modules/dep/x.js": "x",
    });
    expect(await integrity()).to.equal(before);
  });

  it("covers the whole package where a folder inside has a package.json without a name", async () => {
    await writePackage({ ...FILES, "dist/package.json": '{"type":"module"}' });
    const before = await integrity();
    await writePackage({ "dist.txt": "changed" });
    expect(await integrity()).to.not.equal(before);
  });

  it("takes a link for what it leads to, and follows no circle of links", async () => {
    await writePackage(FILES);
    await folder.write("outside.txt", "one");
    const dir = join(folder.path, PACKAGE);
    await symlink(join(folder.path, "outside.txt"), join(dir, "linked.txt"));
    await symlink(dir, join(dir, "circle"));
    const before = await integrity();
    expect(before).to.equal(
      byDefinition([
        ["dist.txt", "ü"],
        ["dist/a/b.mjs", ""],
        ["dist/index.mjs", "export default 1;"],
        ["linked.txt", "one"],
        ["package.json", FILES["package.json"]],
      ]),
    );
    await folder.write("outside.txt", "two");
    expect(await integrity()).to.not.equal(before);
  });

  it("covers the folder of a module given by path, up to its package.json and never beyond the manifest's folder", async () => {
    await folder.write("package.json", '{"name":"the-deploy"}');
    await folder.write("vendor/acme/package.json", '{"name":"acme"}');
    await folder.write("vendor/acme/src/index.mjs", "1");
    await folder.write("single/acme.mjs", "1");
    expect(await integrity("./vendor/acme/src/index.mjs")).to.equal(
      byDefinition([
        ["package.json", '{"name":"acme"}'],
        ["src/index.mjs", "1"],
      ]),
    );
    expect(await integrity("./single/acme.mjs")).to.equal(byDefinition([["acme.mjs", "1"]]));
  });

  it("tells what can't be read, and why", async () => {
    await writePackage(FILES);
    await symlink("nowhere", join(folder.path, PACKAGE, "dist/broken.txt"));
    const { code, message } = await codedFailureOf(() => integrity());
    expect(code).to.equal("PLUGIN_INTEGRITY_UNREADABLE");
    expect(message).to.match(/^plugin "acme": its integrity can't be computed: ENOENT.*broken\.txt/);
  });

  it("tells a package.json that is no JSON", async () => {
    await writePackage({ ...FILES, "dist/package.json": "{" });
    const { message } = await codedFailureOf(() => integrity());
    expect(message).to.contain(
      `its integrity can't be computed: ${join(folder.path, PACKAGE)}/dist/package.json`,
    );
  });

  it("tells a module that is not there", async () => {
    expect((await codedFailureOf(() => integrity())).code).to.equal("PLUGIN_MODULE_NOT_FOUND");
  });
});

/** A plugin that leaves a file where it is imported, and an integrity that is not its own. */
const RUNS = `import { writeFileSync } from "node:fs";
  writeFileSync(new URL("./ran.txt", import.meta.url), "");
  ${moduleSource("acme", "")}`;
const OTHER = `sha512-${"A".repeat(86)}==`;

describe("a plugin with integrity", () => {
  const boot = benchPerTest();
  const start = (source: string, entry: Readonly<Record<string, unknown>>) =>
    boot({ acme: { source, entry } });

  /** The integrity of a plugin that is this one file. */
  async function integrityOf(source: string): Promise<string> {
    const folder = await Folder.make();
    await folder.write("acme.mjs", source);
    try {
      return await computeIntegrity({ name: "acme", module: "./acme.mjs" }, folder.path);
    } finally {
      await folder.remove();
    }
  }

  for (const isolation of [undefined, "worker"]) {
    const where = isolation === undefined ? "in the host" : "in a worker";

    it(`is enabled ${where} when its files are those of the manifest`, async () => {
      const source = moduleSource("acme", "");
      const made = await start(source, { isolation, integrity: await integrityOf(source) });
      expect(made.states()).to.deep.equal(["acme enabled"]);
    });

    it(`that is switched on is failed ${where} before anything of it is run when its files are others`, async () => {
      const made = await start(RUNS, { isolation, enabled: false, integrity: OTHER });
      await made.kernel.plugins.toggle("acme", true);
      expect(made.status("acme").state).to.equal("failed");
      expect(made.status("acme").error).to.deep.equal({
        code: "PLUGIN_INTEGRITY_MISMATCH",
        message: `plugin "acme": the files of its package give ${await integrityOf(RUNS)}, but the manifest has integrity ${OTHER}; nothing of it was run. Restore the package, or, when the change is wanted, run: molecule plugins lock`,
      });
      expect(existsSync(join(made.manifest.dir, "ran.txt"))).to.equal(false);
    });
  }

  it("is not started again in a worker once its files are others", async () => {
    const source = moduleSource(
      "acme",
      'ctx.envMutators.add({ name: "acme", mutate() { process.exit(1); } });',
    );
    const made = await start(source, { isolation: "worker", integrity: await integrityOf(source) });
    await writeFile(join(made.manifest.dir, "acme.mjs"), `${source} // changed`);
    await provision(made);
    await logged(made, "it is started again in 100 ms");
    await made.clock.advance(100);
    await logged(made, 'it could not be started again: plugin "acme": the files of its package give');
  });
});
