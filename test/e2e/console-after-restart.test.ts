import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { useEngine, type Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { plantSecret } from "../support/secret-watch.js";
import { tempDir } from "../support/temp.js";
import { create } from "./workspace-api.js";

const OWN = "own-secret-of-the-console";
const GLOBAL = "global-secret-of-the-console";
const PLUGINS = "plugin-secret-of-the-console";
/** An image whose program prints all that it knows, as the worst agent may, and never calls the platform. */
const IMAGE = `molecule-test/chatty:${randomUUID().slice(0, 8)}`;
const CHATTY = ["/bin/sh", "-c", 'env; echo "TOKEN=$(cat /configs/.auth_token)"; exec sleep 600'];
const PLUGIN = `export default { $$type: "@molecule/plugin", name: "vault", api: 1, stage: "main",
  setup(ctx) {
    ctx.envMutators.add({ name: "vault", mutate: (env) => env.set("PLUGIN_KEY", env.secret("${PLUGINS}")) });
  } };\n`;

describe("the console of a workspace whose host was started anew", function () {
  this.timeout(300_000);
  let engine: Engine;
  let folder: string;
  let host: RunningHost | undefined;

  before(async function () {
    engine = await useEngine(this);
    await makeImage();
    plantSecret(PLUGINS, "a plugin's secret");
    folder = await tempDir();
    await mkdir(join(folder, "templates", "needy"), { recursive: true });
    await writeFile(
      join(folder, "templates", "needy", "config.yaml"),
      "runtime: chatty\nruntime_config:\n  required_env: [OWN_KEY]\n",
    );
    const template = { name: "chatty", image: IMAGE };
    const plugins = [{ name: "vault", module: "./vault.mjs" }];
    await writeFile(join(folder, "vault.mjs"), PLUGIN);
    await writeFile(
      join(folder, "manifest.json"),
      JSON.stringify({ version: 1, plugins, workspace_templates: [template] }),
    );
  });
  afterEach(() => host?.stop());
  after(() => engine.docker.getImage(IMAGE).remove({ force: true }));

  async function makeImage(): Promise<void> {
    const container = await engine.docker.createContainer({ Image: engine.busybox, Labels: engine.labels });
    const [repo, tag] = IMAGE.split(":");
    await container.commit({ repo, tag, changes: `CMD ${JSON.stringify(CHATTY)}` });
    await container.remove();
  }

  async function start(): Promise<RunningHost> {
    host = await startHost({
      dev: true,
      manifest: join(folder, "manifest.json"),
      dataDir: join(folder, "data"),
      env: {
        ...engine.env,
        CONTAINER_RUNTIME: "docker",
        WORKSPACE_TEMPLATES_DIR: join(folder, "templates"),
      },
    });
    return host;
  }

  async function printed(id: string): Promise<string> {
    const what = "the workspace has printed all that it knows";
    const read = async () => {
      const answer = await host?.api("GET", `/workspaces/${id}/console`);
      return answer?.text.includes("TOKEN=") === true ? answer.text : undefined;
    };
    return await eventually(read, { what, timeoutMs: 60_000 });
  }

  it("still shows no secret: none that was set, no plugin's, and not the token", async () => {
    const first = await start();
    await first.api("PUT", "/settings/secrets", { key: "GLOBAL_KEY", value: GLOBAL });
    const id = await create(first, { name: "Chatty", runtime: "chatty", secrets: { OWN_KEY: OWN } });
    const before = await printed(id);
    for (const key of ["OWN_KEY", "GLOBAL_KEY", "PLUGIN_KEY", "TOKEN"]) {
      expect(before).to.contain(`${key}=***`);
    }
    await first.kill();
    const second = await start();
    expect(await printed(id)).to.equal(before);
    await second.api("DELETE", `/workspaces/${id}?purge=true`);
  });

  it("shows no secret that was deleted while the old container is there, since the next launch came to nothing", async () => {
    const only = await start();
    const secrets = { OWN_KEY: OWN };
    const id = await create(only, { name: "Needy", template: "needy", secrets });
    const before = await printed(id);
    await only.api("DELETE", `/workspaces/${id}/secrets/OWN_KEY`);
    const failed = async () => {
      const { text } = await only.api("GET", `/workspaces/${id}`);
      return text.includes('"status":"failed"') ? true : undefined;
    };
    await eventually(failed, { what: "the restart without the secret has failed", timeoutMs: 60_000 });
    expect(await printed(id)).to.equal(before);
    await only.api("DELETE", `/workspaces/${id}?purge=true`);
  });
});
