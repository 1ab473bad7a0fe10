import { expect } from "chai";
import { CommandFolder, manifestOf } from "./commands.js";

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
