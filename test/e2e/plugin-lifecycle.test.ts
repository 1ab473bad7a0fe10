import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { startHost, type RunningHost } from "../support/host.js";
import { tempDir } from "../support/temp.js";
import { create, field, untilStatus } from "./workspace-api.js";

const AGENT = fileURLToPath(new URL("../../../apps/demo-agent/dist/main.js", import.meta.url));

/** A plugin whose only mutator runs `body`; structural, as one that carries its own copy of core is. */
const plugin = (name: string, body: string) => `export default {
  $$type: "@molecule/plugin", name: "${name}", api: 1, stage: "main",
  setup(ctx) { ctx.envMutators.add({ name: "${name}", mutate(env) { ${body} } }); },
};\n`;

describe("plugins of a running host", function () {
  this.timeout(240_000);

  let host: RunningHost;
  let manifest: string;
  let dataDir: string;

  before(async () => {
    const dir = await tempDir("lifecycle-");
    dataDir = await tempDir("lifecycle-data-");
    await writeFile(join(dir, "first.mjs"), plugin("first", 'env.set("FIRST", "yes");'));
    await writeFile(join(dir, "hanging.mjs"), plugin("hanging", 'env.set("HALF", "done"); while (env) {}'));
    await writeFile(join(dir, "last.mjs"), plugin("last", 'env.set("LAST", env.get("FIRST") ?? "none");'));
    const plugins = [
      { name: "first", module: "./first.mjs", isolation: "worker", env: { writes: ["FIRST"] } },
      {
        name: "hanging",
        module: "./hanging.mjs",
        isolation: "worker",
        enabled: false,
        onError: "skip",
        timeoutMs: 500,
      },
      { name: "last", module: "./last.mjs" },
    ];
    const workspace_templates = [{ name: "demo", command: ["node", AGENT] }];
    manifest = join(dir, "manifest.json");
    await writeFile(manifest, JSON.stringify({ version: 1, plugins, workspace_templates }));
    host = await start();
  });

  after(async () => {
    await host.stop();
  });

  const start = () => startHost({ dev: true, manifest, dataDir, env: { CONTAINER_RUNTIME: "process" } });
  const toggle = (name: string, enabled: boolean) => host.api("PATCH", `/admin/plugins/${name}`, { enabled });

  /** Brings a workspace online and answers its ledger. */
  async function ledgerOfNew(): Promise<{ id: string; ledger: unknown }> {
    const id = await create(host, { name: "Probe", runtime: "demo" });
    await untilStatus(host, id, "online");
    return { id, ledger: (await host.api("GET", `/workspaces/${id}/env`)).body };
  }

  const valueOf = (ledger: unknown, key: string) => {
    const entries = field(ledger, "variables", key);
    return Array.isArray(entries) ? field(entries.at(-1), "value") : undefined;
  };

  it("change what a workspace boots with, also from a worker", async () => {
    const { ledger } = await ledgerOfNew();
    expect(valueOf(ledger, "FIRST")).to.equal("yes");
    expect(valueOf(ledger, "LAST")).to.equal("yes");
  });

  it("leave the next workspace alone once they are toggled off, and stay off over a restart", async () => {
    const off = await toggle("first", false);
    expect(off.body).to.include({ name: "first", state: "disabled", reason: "toggled off at run time" });
    const { ledger } = await ledgerOfNew();
    expect(valueOf(ledger, "FIRST")).to.equal(undefined);
    expect(valueOf(ledger, "LAST")).to.equal("none");

    expect(await host.stop()).to.equal(0);
    host = await start();
    const { body } = await host.api("GET", "/admin/plugins");
    expect(JSON.stringify(body)).to.contain('"reason":"toggled off at run time"');
    expect((await toggle("first", true)).body).to.include({ state: "enabled" });
    expect(valueOf((await ledgerOfNew()).ledger, "FIRST")).to.equal("yes");
  });

  it("are named when they hang, while the work of the others stands under skip", async () => {
    expect((await toggle("hanging", true)).body).to.include({ state: "enabled" });
    const { id, ledger } = await ledgerOfNew();
    expect(valueOf(ledger, "HALF")).to.equal(undefined);
    expect(valueOf(ledger, "LAST")).to.equal("yes");
    const outcomes = field(ledger, "mutators");
    expect(JSON.stringify(outcomes)).to.contain('"outcome":"skipped"').and.contain("ENV_MUTATOR_TIMEOUT");
    const events = await host.api("GET", `/events/${id}`);
    expect(events.text).to.contain("ENV_MUTATOR_FAILED").and.contain('plugin \\"hanging\\"');
    const off = await toggle("hanging", false);
    expect(off.body, off.text).to.include({ state: "disabled", error: null });
  });
});
