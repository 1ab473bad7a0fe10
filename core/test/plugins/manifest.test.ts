import { expect } from "chai";
import { join } from "node:path";
import { parseManifest, readManifest } from "@molecule/core";
import { codedFailureOf } from "../support/failures.js";
import { Folder } from "../support/plugins.js";

const PATH = "/srv/molecule/manifest.json";
const PLUGIN = { name: "acme", module: "@acme/plugin" };

const manifest = (parts: Readonly<Record<string, unknown>>) => ({
  version: 1,
  plugins: [],
  workspace_templates: [],
  ...parts,
});

describe("parseManifest", () => {
  it("takes a manifest with all that it can say, and resolves paths against its folder", () => {
    const entry = {
      name: "acme-vault",
      module: "./vendor/acme-vault/index.mjs",
      stage: "main",
      enabled: true,
      when: { env: "ACME_URL", equals: "x" },
      config: { a: [1] },
      required: true,
      onError: "last-good",
      timeoutMs: 2000,
      isolation: "worker",
      memoryMb: 64,
      integrity: `sha512-${"A".repeat(86)}==`,
      env: { reads: ["ACME_*"], writes: ["VAULT_*"] },
      after: [],
      before: [],
    };
    const template = {
      name: "demo",
      image: "demo:latest",
      command: ["./agent", "--serve"],
      build: { context: "./agent", dockerfile: "Dockerfile", args: { BASE: "node" } },
      provision_timeout_seconds: 600,
    };
    const parsed = parseManifest(
      JSON.stringify(manifest({ $schema: "x", plugins: [entry], workspace_templates: [template] })),
      PATH,
    );
    expect(parsed).to.deep.equal({
      path: PATH,
      dir: "/srv/molecule",
      plugins: [entry],
      templates: [
        {
          name: "demo",
          image: "demo:latest",
          command: ["./agent", "--serve"],
          build: { context: "./agent", dockerfile: "Dockerfile", args: { BASE: "node" } },
          provisionTimeoutSeconds: 600,
        },
      ],
    });
  });

  it("gives the plugins in effective order", () => {
    const plugins = [
      { ...PLUGIN, name: "a", after: ["c"] },
      { ...PLUGIN, name: "b" },
      { ...PLUGIN, name: "c", before: ["b"] },
    ];
    const parsed = parseManifest(JSON.stringify(manifest({ plugins })), PATH);
    expect(parsed.plugins.map(({ name }) => name)).to.deep.equal(["c", "a", "b"]);
  });

  it("takes a byte order mark and templates that have only a command", () => {
    const text = JSON.stringify(manifest({ workspace_templates: [{ name: "demo", command: ["./agent"] }] }));
    expect(parseManifest(`\uFEFF${text}`, PATH).templates).to.have.length(1);
  });

  for (const [what, text, reason] of [
    ["an empty file", "", "Unexpected end of JSON input"],
    ["a comment", "// plugins\n{}", "Unexpected token '/'"],
    ["a trailing comma", '{"version":1,}', "Expected double-quoted property name"],
  ] as const) {
    it(`refuses ${what} as no JSON`, async () => {
      const error = await codedFailureOf(() => parseManifest(text, PATH));
      expect(error.code).to.equal("MANIFEST_NOT_JSON");
      expect(error.message.startsWith(`manifest ${PATH} is not JSON: ${reason}`), error.message).to.be.true;
    });
  }

  it("takes names of folders that only look like a way out", () => {
    const plugins = [{ name: "a", module: "./..a/b.mjs" }];
    expect(parseManifest(JSON.stringify(manifest({ plugins })), PATH).plugins).to.have.length(1);
  });
});

describe("readManifest", () => {
  it("reads a file by its absolute path, and says what to do when there is none", async () => {
    const folder = await Folder.make();
    try {
      const path = await folder.write("manifest.json", JSON.stringify(manifest({})));
      expect(await readManifest(path)).to.include({ path, dir: folder.path });
      const missing = join(folder.path, "nothing.json");
      const error = await codedFailureOf(() => readManifest(missing));
      expect({ code: error.code, message: error.message }).to.deep.equal({
        code: "MANIFEST_UNREADABLE",
        message: `manifest ${missing} can't be read: ENOENT: no such file or directory, open '${missing}'; set MOLECULE_MANIFEST to the file that lists the plugins`,
      });
    } finally {
      await folder.remove();
    }
  });
});
