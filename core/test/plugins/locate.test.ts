import { expect } from "chai";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { locatePlugin } from "../../dist/src/plugins/locate.js";
import { codedFailureOf } from "../support/failures.js";
import { Folder } from "../support/plugins.js";

describe("locatePlugin", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await Folder.make();
  });

  afterEach(() => folder.remove());

  const locate = (module: string, dir = folder.path) => locatePlugin({ name: "acme", module }, dir);

  it("finds a file by its path from the manifest's folder, also where that needs escapes in a URL", async () => {
    const file = await folder.write("a #b%/acme.mjs", "");
    expect(locate("./acme.mjs", join(folder.path, "a #b%"))).to.equal(pathToFileURL(file).href);
  });

  it("finds a package from the manifest's folder upwards, by its exports", async () => {
    await folder.write("node_modules/@acme/plugin/package.json", '{"exports":"./dist/index.mjs"}');
    const file = await folder.write("node_modules/@acme/plugin/dist/index.mjs", "");
    expect(locate("@acme/plugin", join(folder.path, "deploy"))).to.equal(pathToFileURL(file).href);
  });

  it("gives the real place of what is linked", async () => {
    const file = await folder.write("real/acme.mjs", "");
    await symlink(join(folder.path, "real"), join(folder.path, "linked"));
    expect(locate("./linked/acme.mjs")).to.equal(pathToFileURL(file).href);
  });

  for (const [what, description] of [
    [
      "its exports",
      '{"name":"acme-vault","exports":{".":{"import":"./dist/index.mjs"}},"main":"./other.cjs"}',
    ],
    ["its main", '{"main":"dist/index.mjs"}'],
  ] as const) {
    it(`finds the module of a package in a folder that is named by path, by ${what}`, async () => {
      await folder.write("vendor/acme-vault/package.json", description);
      const file = await folder.write("vendor/acme-vault/dist/index.mjs", "");
      expect(locate("./vendor/acme-vault")).to.equal(pathToFileURL(file).href);
    });
  }

  it("takes index.js where the package of a folder names no module", async () => {
    await folder.write("vendor/acme/package.json", "{}");
    const file = await folder.write("vendor/acme/index.js", "");
    expect(locate("./vendor/acme")).to.equal(pathToFileURL(file).href);
  });

  for (const [what, description, reason] of [
    ["has no package.json", undefined, "it is a folder, and "],
    ["has one that is not JSON", "{", "JSON"],
    ["has exports but no name", '{"exports":"./index.mjs"}', "has exports but no name"],
    ["leads out of itself", '{"main":"../outside.mjs"}', "leads out of its folder, to ../outside.mjs"],
    [
      "names a module that is not there",
      '{"name":"acme","exports":{"./other":"./x.mjs"}}',
      'No "exports" main',
    ],
  ] as const) {
    it(`tells a folder that ${what}`, async () => {
      await folder.write("vendor/outside.mjs", "");
      await folder.write("vendor/acme/readme", "");
      if (description !== undefined) await folder.write("vendor/acme/package.json", description);
      const { code, message } = await codedFailureOf(() => locate("./vendor/acme"));
      expect(code).to.equal("PLUGIN_MODULE_NOT_FOUND");
      expect(message).to.include(reason);
    });
  }

  it("tells a package that is not there", async () => {
    const { code, message } = await codedFailureOf(() => locate("@acme/nothing"));
    expect(code).to.equal("PLUGIN_MODULE_NOT_FOUND");
    expect(message).to.include("Cannot find package '@acme/nothing'");
  });

  it("takes no module of Node.js itself", async () => {
    const { message } = await codedFailureOf(() => locate("fs"));
    expect(message).to.equal(
      'plugin "acme": module "fs" can\'t be found: it is node:fs and no file; install it, or correct "module" in the manifest',
    );
  });
});
