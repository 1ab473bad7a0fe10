import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@molecule/test/support/temp.js";
import { expect } from "chai";
import { locateManifest } from "../../dist/config/manifest-location.js";

const OURS = JSON.stringify({ version: 1, plugins: [], workspace_templates: [] });

describe("locateManifest", () => {
  let dir: string;
  const below = (levels: number) => join(dir, ...Array.from({ length: levels }, () => "d"));

  beforeEach(async () => {
    dir = await tempDir();
    await mkdir(below(7), { recursive: true });
    await writeFile(join(dir, "manifest.json"), OURS);
  });

  it("finds the manifest from its folder and from six folders below, and no deeper", async () => {
    for (const levels of [0, 1, 6]) {
      expect(await locateManifest({}, below(levels))).to.deep.equal({
        path: join(dir, "manifest.json"),
        home: dir,
      });
    }
    const lost = await locateManifest({}, below(7));
    expect(lost).to.deep.equal({ path: join(below(7), "manifest.json"), home: below(7) });
  });

  it("takes the nearest, and passes over those of web apps and extensions", async () => {
    await writeFile(join(below(2), "manifest.json"), JSON.stringify({ name: "app", manifest_version: 3 }));
    expect((await locateManifest({}, below(3))).home).to.equal(dir);
    await writeFile(join(below(1), "manifest.json"), OURS);
    expect((await locateManifest({}, below(3))).home).to.equal(below(1));
  });

  it("does not pass over one that can't be read: its fault is to be told", async () => {
    await writeFile(join(below(2), "manifest.json"), "{");
    expect((await locateManifest({}, below(2))).home).to.equal(below(2));
    await mkdir(join(below(3), "manifest.json"));
    expect((await locateManifest({}, below(3))).home).to.equal(below(3));
  });

  it("takes MOLECULE_MANIFEST as it is, with default paths beside the working directory; empty is unset", async () => {
    const given = { path: join(dir, "other.json"), home: below(1) };
    expect(await locateManifest({ MOLECULE_MANIFEST: "../other.json" }, below(1))).to.deep.equal(given);
    expect((await locateManifest({ MOLECULE_MANIFEST: "" }, below(1))).home).to.equal(dir);
  });
});
