import { expect } from "chai";
import { field } from "../e2e/workspace-api.js";
import type { RunningHost } from "../support/host.js";
import { hostWith, mutator, pluginOf, type FaultyPlugin } from "./plugins.js";

const HOLDS = 'ctx.loops.add({ name: "left", intervalMs: 1000, timeoutMs: 1000, async tick() {} });';

/** How each plugin is bad, and the code and words that name it. */
const BAD: Readonly<Record<string, readonly [plugin: FaultyPlugin, code: string, words: string]>> = {
  missing: [{ entry: { module: "./nowhere.mjs" } }, "PLUGIN_MODULE_NOT_FOUND", "nowhere.mjs"],
  unimportable: [{ head: 'throw new Error("no luck today");' }, "PLUGIN_IMPORT_FAILED", "no luck today"],
  unparsable: [{ head: "export const = 1;" }, "PLUGIN_IMPORT_FAILED", "unparsable.mjs"],
  future: [{ extra: "api: 99," }, "PLUGIN_API_UNSUPPORTED", "99"],
  misconfigured: [{ entry: { config: { colour: "blue" } } }, "PLUGIN_CONFIG_INVALID", "colour"],
  throwing: [{ setup: `${HOLDS} throw new Error("not today");` }, "PLUGIN_SETUP_FAILED", "not today"],
  hanging: [{ setup: "await new Promise(() => undefined);" }, "PLUGIN_SETUP_TIMEOUT", "10000 ms"],
  disguised: [{ extra: 'name: "other",' }, "PLUGIN_EXPORT_INVALID", "other"],
};

describe("faults.md 34: bad plugins", function () {
  this.timeout(180_000);

  let host: RunningHost;

  before(async () => {
    const bad = Object.entries(BAD).map(([name, [plugin]]) => [name, plugin] as const);
    host = await hostWith({
      ...Object.fromEntries(bad),
      clinging: {
        setup: `${mutator("clinging", "")} ctx.onDispose(() => new Promise(() => undefined));
          ctx.onDispose(() => { throw new Error("will not go"); });`,
      },
      good: { setup: mutator("good", 'env.set("GOOD", "1");') },
    });
  });

  after(async () => {
    // The clinging one has been given up, so it does not delay the stop.
    expect(await host.stop()).to.equal(0);
  });

  for (const [name, [, code, words]] of Object.entries(BAD)) {
    it(`one that is ${name} is failed with ${code}, and nothing of it is left`, async () => {
      const plugin = await pluginOf(host, name);
      expect(field(plugin, "state")).to.equal("failed");
      expect(field(plugin, "error", "code"), JSON.stringify(plugin)).to.equal(code);
      expect(String(field(plugin, "error", "message")))
        .to.contain(`plugin "${name}"`)
        .and.contain(words);
      const none = { env_mutators: [], boot_tasks: [], loops: [] };
      expect(field(plugin, "contributions")).to.deep.equal(none);
    });
  }

  it("one that throws and hangs when it is disposed is failed after 10 s, and nothing of it is left", async () => {
    const off = await host.api("PATCH", "/admin/plugins/clinging", { enabled: false });
    expect(off.body).to.include({ state: "failed" });
    expect(field(off.body, "error", "code")).to.equal("PLUGIN_DISPOSE_FAILED");
    expect(field(off.body, "contributions", "env_mutators")).to.deep.equal([]);
  });

  it("the others run", async () => {
    expect(field(await pluginOf(host, "good"), "state")).to.equal("enabled");
    expect((await host.api("GET", "/admin/loops")).text).not.to.contain('"left"');
    const preview = await host.api("POST", "/admin/env/preview", { name: "Probe", runtime: "demo" });
    expect(field(preview.body, "ledger", "variables", "GOOD")).to.have.nested.property("[0].value", "1");
  });
});
