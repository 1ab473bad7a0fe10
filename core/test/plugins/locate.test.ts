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
