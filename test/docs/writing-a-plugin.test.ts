import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CONTAINER_RUNTIME,
  ENGINE_INVENTORY,
  Kernel,
  parseManifest,
  SecretMasker,
  systemClock,
  WORKSPACE_HEALTH,
  WORKSPACE_IMAGES,
  type ChainResult,
  type ContainerRuntime,
  type PluginStatus,
} from "@molecule/core";
import { RecordingLogger } from "@molecule/core/testing";
import { expect } from "chai";
import { membersOf, reexports } from "./declarations.js";
import { GuideFolder } from "./guide.js";
import { codeBlocks, inRepository, type CodeBlock } from "./markdown.js";

const PAGE = "docs/writing-a-plugin.md";

/** The modules whose exports are for plugin authors; what else core exports is for hosts. */
const FOR_AUTHORS = [
  "@sinclair/typebox",
  "./coded-error.js",
  "./plugins/define-plugin.js",
  "./hooks/env-mutators/registry.js",
  "./hooks/env-mutators/types.js",
  "./hooks/boot-tasks/types.js",
  "./hooks/background-loops/types.js",
  "./ports/clock.js",
  "./ports/engine-inventory.js",
  "./ports/images.js",
  "./ports/logger.js",
  "./ports/sweeps.js",
  "./ports/tokens.js",
  "./schema/validate.js",
];

/** What those modules export and an author does not write: types that TypeScript fills in. */
const INFERRED = [
  "TSchema",
  "ErrorDetails",
  "ErrorFactory",
  "Plugin",
  "PluginDefinition",
  "TickContext",
  "BootTaskContext",
];

describe("docs/writing-a-plugin.md", () => {
  let page: string;
  let blocks: readonly CodeBlock[];

  before(async () => {
    page = await readFile(inRepository(PAGE), "utf8");
    blocks = (await codeBlocks(PAGE)).filter(({ language }) => ["ts", "js", "json"].includes(language));
  });

  it("names the file that each block of code is, each once", () => {
    const files = blocks.map(({ file }) => file);
    expect(files).not.to.include("");
    expect(files).to.have.length(new Set(files).size);
    for (const { language, file } of blocks) expect(file).to.match(new RegExp(`\\.${language}$`));
  });

  it("speaks of everything that core offers to authors", async () => {
    const exported = await reexports("core/src/index.ts");
    const names = FOR_AUTHORS.flatMap((module) => {
      const of = exported.get(module) ?? [];
      expect(of, module).not.to.be.empty;
      return of;
    });
    expect(unsaid(names.filter((name) => !INFERRED.includes(name)))).to.deep.equal([]);
    const testing = [...(await reexports("core/testing/index.ts"))]
      .flatMap(([, of]) => of)
      .filter((name) =>
        /^(decide|describe|check|inspect|run)[A-Z]\w*[a-z]$|^(ManualClock|RecordingLogger)$/.test(name),
      );
    expect(unsaid(testing)).to.deep.equal([]);
  });

  it("speaks of every member of what an author is handed, and of every key of a manifest entry", async () => {
    const members = [
      ...(await membersOf("core/src/plugins/define-plugin.ts", "PluginContext")),
      ...(await membersOf("core/src/hooks/env-mutators/types.ts", "EnvDraft")),
      ...(await membersOf("core/src/hooks/env-mutators/types.ts", "ProvisionContext")),
      ...(await membersOf("core/src/hooks/boot-tasks/types.ts", "BootTask")),
      ...(await membersOf("core/src/hooks/background-loops/types.ts", "BackgroundLoop")),
      ...(await membersOf("core/src/hooks/background-loops/types.ts", "TickContext")),
    ];
    const schema = await readFile(inRepository("core/src/plugins/manifest-schema.ts"), "utf8");
    const entry = /PluginEntrySchema = Type\.Object\(\s*\{(.*?)\n {2}\},\n/s.exec(schema)?.[1] ?? "";
    const keys = [...entry.matchAll(/^ {4}(\w+):/gm)].map(([, key = ""]) => key);
    expect(keys).to.include("integrity");
    expect(unsaid([...members, ...keys])).to.deep.equal([]);
  });

  describe("as code", function () {
    this.timeout(180_000);

    let folder: GuideFolder;

    before(async () => {
      folder = await GuideFolder.make(blocks);
    });

    it("compiles", async () => {
      const { code, stdout } = await folder.compile();
      expect(stdout).to.equal("");
      expect(code).to.equal(0);
    });

    it("passes its own tests", async () => {
      const { code, stdout } = await folder.test();
      expect(code, stdout).to.equal(0);
      expect(stdout).to.contain("gives the same result in a worker");
    });

    it("lists every plugin in an entry, with which it boots and runs", async () => {
      const listed: string[] = [];
      for (const { file, code } of blocks.filter(({ language }) => language === "json")) {
        if (!file.endsWith(".entry.json") && file !== "manifest.json") continue;
        const text = file === "manifest.json" ? code : manifestOf(code);
        const { plugins, result } = await boot(text, folder.path);
        expect(
          plugins.map(({ state, error }) => `${state} ${error?.message ?? ""}`.trim()),
          file,
        ).to.deep.equal(["enabled"]);
        if (!result.ok) throw result.error;
        listed.push(...plugins.map(({ module }) => module));
      }
      const made = blocks
        .filter(({ code }) => code.includes("export default definePlugin("))
        .map(({ file }) => `./${file.replace(/ts$/, "js")}`);
      expect([...new Set(listed)].sort()).to.deep.equal(made.sort());
    });
  });

  /** The names that the page does not have as a word. */
  function unsaid(names: readonly string[]): string[] {
    return names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page));
  }
});

function manifestOf(entry: string): string {
  return `{ "version": 1, "plugins": [${entry}], "workspace_templates": [] }`;
}

/** Boots a kernel with the manifest, runs its chain as a preview would, and stops it. */
async function boot(
  manifest: string,
  dir: string,
): Promise<{ plugins: readonly PluginStatus[]; result: ChainResult }> {
  const kernel = new Kernel({
    manifest: parseManifest(manifest, join(dir, "manifest.json")),
    env: { ENGINE_WATCH: "true" },
    clock: systemClock,
    log: new RecordingLogger(),
    masker: new SecretMasker(),
  });
  kernel.provide(CONTAINER_RUNTIME, noRuntime);
  // Only resolved here: what the guide does with them runs in its own tests.
  for (const token of [ENGINE_INVENTORY, WORKSPACE_HEALTH, WORKSPACE_IMAGES])
    kernel.provide<unknown>(token, {});
  try {
    for (const stage of ["env", "storage", "ready"] as const) await kernel.boot(stage);
    const plugins = kernel.plugins.status();
    const result = await kernel.runChain({
      layers: [{ name: "image", env: { PATH: "/bin" } }],
      mutators: kernel.registries.envMutators.entries(),
      facts: {
        workspaceId: "00000000-0000-4000-8000-000000000001",
        name: "Ada",
        role: "pmm-lead",
        runtime: "demo",
        tier: 2,
        parentId: null,
        attempt: 1,
        dryRun: true,
      },
      fileRoot: "",
      signal: new AbortController().signal,
    });
    return { plugins, result };
  } finally {
    await kernel.stop();
  }
}

/** The port of a host that runs no workspaces. */
const noRuntime: ContainerRuntime = {
  replacement: null,
  kind: "none",
  platformHost: "localhost",
  check: () => Promise.resolve({ available: false, reason: "this host runs no workspaces" }),
  fileRoot: () => "",
  baseEnvironment: () => Promise.resolve({}),
  launch: () => Promise.reject(new Error("this host runs no workspaces")),
  observe: () => Promise.resolve({ state: "absent" }),
  stop: () => Promise.resolve(),
  removeVolumes: () => Promise.resolve(),
  logs: () => Promise.resolve(null),
  launchedWith: () => Promise.resolve(null),
  close: () => Promise.resolve(),
};
