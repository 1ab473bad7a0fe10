import { expect } from "chai";
import { CommandFolder, fillerModule, manifestOf, pluginModule } from "./commands.js";

describe("molecule plugins list", () => {
  let folder: CommandFolder;

  beforeEach(async () => {
    folder = await CommandFolder.make();
    await folder.write(
      "manifest.json",
      manifestOf(
        {
          name: "watcher",
          module: "@acme/watcher",
          after: ["vault"],
          when: { env: "WATCH", equals: "true" },
        },
        { name: "vault", module: "./vault.mjs" },
      ),
    );
  });

  afterEach(async () => {
    await folder.remove();
  });

  it("shows each plugin in effective order, on or off, with what decides that", async () => {
    expect((await folder.plugins(["list"])).output).to.equal(
      "vault    ./vault.mjs    on   listed in the manifest\n" +
        "watcher  @acme/watcher  off  waits for WATCH=true\n",
    );
    const { output } = await folder.plugins(["list"], { WATCH: "true", MOLECULE_PLUGINS: "-vault" });
    expect(output).to.equal(
      "vault    ./vault.mjs    off  MOLECULE_PLUGINS has -vault\n" +
        "watcher  @acme/watcher  on   WATCH=true is set\n",
    );
  });

  describe("with a plugin of stage env", () => {
    const filler = { name: "filler", module: "./filler.mjs", stage: "env" };
    const waits = { name: "waits", module: "./gone.mjs", when: { env: "WATCH", equals: "true" } };

    it("decides by the environment that it leaves, whatever the integrity of the others", async () => {
      await folder.write("filler.mjs", fillerModule("filler", "WATCH", "true"));
      const integrity = `sha512-${"A".repeat(86)}==`;
      await folder.write("manifest.json", manifestOf(filler, { ...waits, integrity }));
      expect((await folder.plugins(["list"])).output).to.equal(
        "filler  ./filler.mjs  on   listed in the manifest\n" +
          "waits   ./gone.mjs    on   WATCH=true is set\n",
      );
    });

    it("tells what of it failed, and that it can't be run, and decides by what is left", async () => {
      await folder.write("filler.mjs", pluginModule("filler", 'stage: "env",'));
      await folder.write("manifest.json", manifestOf(filler, waits));
      const optional = await folder.plugins(["list"]);
      expect(optional.error).to.equal(null);
      expect(optional.output)
        .to.contain("filler of stage env failed, so it counts for nothing here: ")
        .and.contain("setup ran")
        .and.contain("waits for WATCH=true");
      await folder.write("manifest.json", manifestOf({ ...filler, required: true }, waits));
      const required = await folder.plugins(["list"]);
      expect(required.error).to.equal(null);
      expect(required.output)
        .to.contain("stage env can't be run, so this process's environment alone decides: ")
        .and.contain("waits for WATCH=true");
    });
  });

  it("prints the same as JSON with --json", async () => {
    const { output } = await folder.plugins(["list", "--json"]);
    expect(JSON.parse(output)).to.deep.equal({
      plugins: [
        { name: "vault", module: "./vault.mjs", enabled: true, reason: "listed in the manifest" },
        { name: "watcher", module: "@acme/watcher", enabled: false, reason: "waits for WATCH=true" },
      ],
    });
  });

  it("says so when there is no plugin, and fails on a manifest that is wrong", async () => {
    await folder.write("empty.json", manifestOf());
    expect((await folder.plugins(["list", "--manifest", "empty.json"])).output).to.contain("lists no plugin");
    expect((await folder.plugins(["list", "--manifest", "gone.json"])).error?.code).to.equal(
      "MANIFEST_UNREADABLE",
    );
  });
});
