import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { runHost, startHost, type HostOptions, type RunningHost } from "../support/host.js";
import { plantSecret } from "../support/secret-watch.js";
import { install, molecule, npm, pack, ThirdParty } from "./third-party.js";
import { create, field, untilStatus } from "./workspace-api.js";

const VAULT = {
  expiresAt: "2090-01-01T00:00:00Z",
  roles: { default: { REGION_KEY: "region-key-0001" }, "pmm-lead": { API_KEY: "api-key-0001" } },
};

/** Ms that a mutator has which is made to hang; all that a healthy one may need on a busy machine. */
const GREETER_TIMEOUT_MS = 5_000;

/** Mocha gives a test 2 s unless told, also those of a package that is tested here. */
const PATIENT = ["--", "--timeout", "60000"];

// Everything as a company does it that has the tarball of @molecule/core and nothing else of this repository.
describe("a plugin of a third party", function () {
  this.timeout(300_000);

  let thirdParty: ThirdParty;

  before(async () => {
    thirdParty = await ThirdParty.make();
  });

  describe("the example of the docs", () => {
    let folder: string;

    before(async () => {
      for (const secrets of Object.values(VAULT.roles)) {
        for (const value of Object.values(secrets)) plantSecret(value, "a secret of the vault");
      }
      const example = await thirdParty.copyExample();
      await install(example, "--no-save", thirdParty.core);
      expect(await npm(example, "test", ...PATIENT)).to.contain("gives the same result in a worker");
      const tarball = await pack(example, thirdParty.folder);
      // A busy machine may need more than the 2 s that stand there.
      const entry = { ...(await entryOfReadme(example)), timeoutMs: 30_000 };
      folder = await thirdParty.hostFolder("example-host", [tarball], [entry]);
      await writeFile(join(folder, "vault.json"), JSON.stringify(VAULT));
    });

    it("is found without a fault and locked by the command", async () => {
      const validated = await molecule(folder, "plugins", "validate");
      expect(validated.stdout).to.contain("✓ acme-vault 1.0.0");
      expect(validated.code, validated.stderr).to.equal(0);
      const locked = await molecule(folder, "plugins", "lock");
      expect(locked.stdout).to.contain("✓ acme-vault: locked");
      expect(await readFile(join(folder, "manifest.json"), "utf8")).to.match(/"integrity": "sha512-/);
    });

    it("runs in a worker of the host, and the ledger says what it wrote, secrets masked", async () => {
      const host = await hostIn(folder);
      expect(await pluginOf(host, "acme-vault")).to.deep.include({
        state: "enabled",
        version: "1.0.0",
        isolation: "worker",
      });
      const id = await create(host, { name: "Vaulted", runtime: "demo", role: "Pmm-Lead" });
      const { url } = await untilStatus(host, id, "online");
      const ledger = await host.api("GET", `/workspaces/${id}/env`);
      const writer = { kind: "plugin", name: "acme-vault", version: "1.0.0", mutator: "acme-vault" };
      expect(field(ledger.body, "variables", "VAULT_NAMES")).to.deep.equal([
        {
          key: "VAULT_NAMES",
          writer,
          operation: "set",
          value: "API_KEY,REGION_KEY",
          secret: false,
          outcome: "applied",
        },
      ]);
      expect(field(ledger.body, "variables", "VAULT_API_KEY")).to.deep.equal([
        { key: "VAULT_API_KEY", writer, operation: "set", value: "***", secret: true, outcome: "applied" },
      ]);
      expect(ledger.text).not.to.contain("api-key-0001");
      const names: unknown = await (await fetch(`${url}/env-names`)).json();
      expect(names).to.include("VAULT_API_KEY").and.include("VAULT_REGION_KEY");
      await host.stop();
      expect(host.lines.map(({ text }) => text).join("\n")).not.to.match(/(api|region)-key-0001/);
    });

    it("keeps the host from starting after a change of its files", async () => {
      const module = join(folder, "node_modules/@acme/molecule-plugin-vault/dist/src/index.js");
      await writeFile(module, `${await readFile(module, "utf8")}// changed\n`);
      const { code, stderr } = await runHost(optionsIn(folder));
      expect(code).to.equal(1);
      expect(stderr).to.contain("MANIFEST_INTEGRITY_MISMATCH").and.contain('plugin "acme-vault"');
    });
  });

  describe("one made by molecule plugins new", () => {
    let folder: string;
    let host: RunningHost;

    before(async () => {
      const made = await molecule(thirdParty.folder, "plugins", "new", "acme-greeter");
      expect(made.code, made.stderr).to.equal(0);
      const plugin = join(thirdParty.folder, "acme-greeter");
      await install(plugin);
      expect(await npm(plugin, "test", ...PATIENT)).to.contain("takes no empty greeting");
      expect((await molecule(plugin, "plugins", "validate", ".")).stdout).to.contain("✓ acme-greeter 0.1.0");
      const greeter = {
        name: "acme-greeter",
        module: "molecule-plugin-acme-greeter",
        isolation: "worker",
        config: { greeting: "good day" },
        env: { reads: [], writes: ["ACME_GREETER_*"] },
        onError: "skip",
        timeoutMs: GREETER_TIMEOUT_MS,
      };
      const next = { name: "next", module: "./vendor/next" };
      const tarball = await pack(plugin, thirdParty.folder);
      folder = await thirdParty.hostFolder("greeter-host", [tarball], [greeter, next]);
      await mkdir(join(folder, "vendor/next"), { recursive: true });
      await writeFile(join(folder, "vendor/next/package.json"), '{"version":"2.0.0","main":"plugin.mjs"}');
      await writeFile(join(folder, "vendor/next/plugin.mjs"), NEXT);
      host = await hostIn(folder);
    });

    after(async () => {
      await host.stop();
    });

    const toggle = (enabled: boolean) => host.api("PATCH", "/admin/plugins/acme-greeter", { enabled });

    /** The ledger of a new workspace, with what its process really got. */
    async function ledgerOfNew() {
      const id = await create(host, { name: "Hello", runtime: "demo", secrets: { DEPLOY_KEY: SECRET } });
      const { url } = await untilStatus(host, id, "online");
      const names: unknown = await (await fetch(`${url}/env-names`)).json();
      const { body, text } = await host.api("GET", `/workspaces/${id}/env`);
      expect(text).not.to.contain(SECRET);
      return { id, names, variables: field(body, "variables"), mutators: field(body, "mutators") };
    }

    /** What `molecule env explain` prints of a workspace. */
    async function explained(id: string): Promise<string> {
      const { code, stdout, stderr } = await molecule(folder, "env", "explain", id, "--url", host.url);
      expect(code, stderr).to.equal(0);
      expect(stdout).not.to.contain(SECRET);
      return stdout;
    }

    const GREETING = "ACME_GREETER_GREETING";

    it("changes the environment of a workspace from a worker, under its globs", async () => {
      expect(await pluginOf(host, "acme-greeter")).to.include({ state: "enabled", isolation: "worker" });
      const { id, names, variables } = await ledgerOfNew();
      expect(names).to.include(GREETING).and.include("NEXT");
      expect(field(variables, GREETING)).to.have.nested.property("[0].value", "good day, Hello");
      expect(field(variables, "NEXT")).to.have.nested.property("[0].writer.version", "2.0.0");
      const lines = await explained(id);
      expect(lines).to.match(/^✓ ACME_GREETER_GREETING +acme-greeter@0\.1\.0 +set +good day, Hello$/m);
      expect(lines).to.match(/^✓ acme-greeter@0\.1\.0 +applied +[\d.]+ ms +1 edit$/m);
    });

    it("is missing from the next workspace once it was toggled off by the API", async () => {
      expect((await toggle(false)).body).to.include({ state: "disabled", reason: "toggled off at run time" });
      const { names, variables } = await ledgerOfNew();
      expect(names).not.to.include(GREETING);
      expect(variables).not.to.have.property(GREETING);
      expect(names).to.include("NEXT");
    });

    it("is named in the event when it hangs, and the next plugin's work stands under skip", async () => {
      const module = join(folder, "node_modules/molecule-plugin-acme-greeter/dist/src/index.js");
      const source = await readFile(module, "utf8");
      expect(source).to.contain("mutate(env, workspace) {");
      await writeFile(module, source.replace("mutate(env, workspace) {", "$& while (true) {}"));
      expect((await toggle(true)).body).to.include({ state: "enabled" });
      const { id, names, variables, mutators } = await ledgerOfNew();
      expect(names).to.include("NEXT").and.include("DEPLOY_KEY").and.not.include(GREETING);
      expect(variables).to.have.property("WORKSPACE_ID");
      expect(variables).not.to.have.property(GREETING);
      const common = { key: "DEPLOY_KEY", operation: "layer", outcome: "applied" };
      expect(field(variables, "DEPLOY_KEY")).to.deep.equal([
        { ...common, writer: { kind: "layer", name: "workspace secrets" }, value: "***", secret: true },
      ]);
      const message =
        `plugin "acme-greeter": mutator "acme-greeter" did not finish within ${GREETER_TIMEOUT_MS} ms (its timeoutMs); ` +
        'fix the plugin, or set its onError to "skip"';
      expect(withoutDurations(mutators)).to.deep.equal([
        {
          plugin: "acme-greeter",
          version: "0.1.0",
          mutator: "acme-greeter",
          outcome: "skipped",
          edits: 0,
          error: { code: "ENV_MUTATOR_TIMEOUT", message },
        },
        { plugin: "next", version: "2.0.0", mutator: "next", outcome: "applied", edits: 1 },
      ]);
      const lines = await explained(id);
      expect(lines).to.match(/^✓ DEPLOY_KEY +workspace secrets +layer +\*{3}$/m);
      expect(lines).to.match(/^✓ NEXT +next@2\.0\.0 +set +1$/m);
      expect(lines).to.match(
        /^✗ acme-greeter@0\.1\.0 +skipped +[\d.]+ ms +ENV_MUTATOR_TIMEOUT: plugin "acme-greeter"/m,
      );
      const events: unknown = (await host.api("GET", `/events/${id}`)).body;
      const told = Array.isArray(events)
        ? events.filter((event) => field(event, "event_type") === "ENV_MUTATOR_FAILED")
        : [];
      expect(told.map((event) => field(event, "payload", "plugin"))).to.deep.equal(["acme-greeter"]);
      expect(told.map((event) => field(event, "payload", "outcome"))).to.deep.equal(["skipped"]);
      expect((await toggle(false)).body).to.include({ state: "disabled", error: null });
    });
  });
});

/** A secret of the workspace, which no ledger may show. */
const SECRET = "deploy-key-0123456789";

function withoutDurations(mutators: unknown): unknown {
  return Array.isArray(mutators)
    ? mutators.map((run: object) =>
        Object.fromEntries(Object.entries(run).filter(([name]) => name !== "durationMs")),
      )
    : mutators;
}

/** A plugin after the third party's, in a folder of the deploy's own. */
const NEXT = `export default {
  $$type: "@molecule/plugin", name: "next", api: 1, stage: "main",
  setup(ctx) { ctx.envMutators.add({ name: "next", mutate(env) { env.set("NEXT", "1"); } }); },
};\n`;

/** The manifest entry that the example's README tells. */
async function entryOfReadme(example: string): Promise<object> {
  const readme = await readFile(join(example, "README.md"), "utf8");
  const entry: unknown = JSON.parse(/```json\n(.*?)```/s.exec(readme)?.[1] ?? "null");
  if (typeof entry !== "object" || entry === null) throw new Error("the example's README has no entry");
  return entry;
}

async function hostIn(folder: string): Promise<RunningHost> {
  return await startHost(optionsIn(folder));
}

function optionsIn(folder: string): HostOptions {
  const manifest = join(folder, "manifest.json");
  return { dev: true, cwd: folder, manifest, env: { CONTAINER_RUNTIME: "process" } };
}

async function pluginOf(host: RunningHost, name: string): Promise<unknown> {
  const plugins = field((await host.api("GET", "/admin/plugins")).body, "plugins");
  return Array.isArray(plugins) ? plugins.find((plugin) => field(plugin, "name") === name) : undefined;
}
