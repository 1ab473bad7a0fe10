import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import { runHost, startHost } from "../support/host.js";
import { tempDir } from "../support/temp.js";
import { manifestOf, pluginOf } from "./plugins.js";

describe("faults.md 43: a bad manifest", function () {
  this.timeout(120_000);

  async function boot(text: string) {
    const manifest = join(await tempDir("manifest-"), "manifest.json");
    await writeFile(manifest, text);
    return await runHost({ manifest });
  }

  it("that is missing is named, and boot is refused", async () => {
    const { code, stderr } = await runHost({ manifest: "/nowhere/manifest.json" });
    expect(code).to.equal(1);
    expect(stderr).to.contain("/nowhere/manifest.json can't be read").and.contain("MOLECULE_MANIFEST");
  });

  it("that is not JSON is refused with the place", async () => {
    const { code, stderr } = await boot('{"version": 1,');
    expect(code).to.equal(1);
    expect(stderr).to.contain("is not JSON").and.contain("MANIFEST_NOT_JSON");
  });

  it("is refused with every fault at once: unknown keys, duplicates, a cycle, escapes, a bad integrity", async () => {
    const plugins = [
      { name: "A", module: "../outside", colour: "blue" },
      { name: "twin", module: "./a.mjs", after: ["last"] },
      { name: "twin", module: "/etc/passwd" },
      { name: "last", module: "data:text/javascript,", after: ["twin"], integrity: "sha512-short" },
      { name: "lost", module: "./lost.mjs", before: ["nobody"], isolation: "thread" },
    ];
    const manifest = { version: 2, plugins, workspace_templates: [{ name: "x" }], extra: true };
    const { code, stderr } = await boot(JSON.stringify(manifest));
    expect(code).to.equal(1);
    for (const path of [
      "version",
      "extra",
      "plugins[0].name",
      "plugins[0].module",
      "plugins[0].colour",
      "plugins[2].name",
      "plugins[2].module",
      "plugins[3].module",
      "plugins[3].integrity",
      "plugins[4].before[0]",
      "plugins[4].isolation",
      "workspace_templates[0]",
    ]) {
      expect(stderr).to.contain(`- ${path}: found`);
    }
    expect(stderr).to.contain("the cycle ");
    expect(stderr).to.contain("MANIFEST_INVALID");
  });

  it("with the integrity of other files is refused with every such plugin, before any is run", async () => {
    const head = 'console.log("it was imported");';
    const integrity = `sha512-${"A".repeat(86)}==`;
    const manifest = await manifestOf({
      tampered: { head, entry: { integrity } },
      fine: { head },
      isolated: { head, entry: { integrity, isolation: "worker" } },
    });
    const { code, stdout, stderr } = await runHost({
      dev: true,
      manifest,
      env: { CONTAINER_RUNTIME: "none" },
    });
    expect(code).to.equal(1);
    expect(stderr).to.contain("MANIFEST_INTEGRITY_MISMATCH");
    expect(stderr).to.contain('- integrity of plugin "tampered": found sha512-');
    expect(stderr).to.contain('- integrity of plugin "isolated": found sha512-');
    expect(stderr).not.to.contain('"fine"');
    expect(stdout + stderr).not.to.contain("it was imported");
  });

  it("that is off runs nothing, and when it is switched on at run time it is failed and the others run", async () => {
    const head = 'console.log("it was imported");';
    const entry = { integrity: `sha512-${"A".repeat(86)}==`, enabled: false };
    const manifest = await manifestOf({ tampered: { head, entry }, fine: {} });
    const host = await startHost({ dev: true, manifest, env: { CONTAINER_RUNTIME: "none" } });
    await host.api("PATCH", "/admin/plugins/tampered", { enabled: true });
    const plugin = await pluginOf(host, "tampered");
    expect(field(plugin, "state")).to.equal("failed");
    expect(field(plugin, "error", "code")).to.equal("PLUGIN_INTEGRITY_MISMATCH");
    expect(field(await pluginOf(host, "fine"), "state")).to.equal("enabled");
    expect(await host.stop()).to.equal(0);
    expect(host.lines.map((line) => line.text).join("\n")).not.to.contain("it was imported");
  });

  it("whose required plugin fails refuses boot with that plugin's fault", async () => {
    const manifest = await manifestOf({
      vital: { setup: 'throw new Error("no luck");', entry: { required: true } },
    });
    const { code, stderr } = await runHost({ dev: true, manifest, env: { CONTAINER_RUNTIME: "none" } });
    expect(code).to.equal(1);
    expect(stderr).to.contain("PLUGIN_REQUIRED_FAILED").and.contain('"vital"').and.contain("no luck");
  });
});
