import { expect } from "chai";
import { parseManifest, type Fault } from "@molecule/core";
import { codedFailureOf } from "../support/failures.js";

const PATH = "/srv/molecule/manifest.json";
const PLUGIN = { name: "acme", module: "@acme/plugin" };
const TEMPLATE = { name: "demo", image: "demo:latest" };

const manifest = (parts: Readonly<Record<string, unknown>>) => ({
  version: 1,
  plugins: [],
  workspace_templates: [],
  ...parts,
});

const ENTRY_KEYS =
  "name, module, stage, enabled, when, config, required, onError, timeoutMs, isolation, memoryMb, integrity, env, after, before";
const NAME_RULE = "1 to 64 of a-z, 0-9 and -, starting with a letter or digit";
const GLOB_RULE = 'a glob without "!" before it: a list allows what any of its globs matches';
const BELOW = "a package name, or a path below the manifest's folder";

type Row = readonly [title: string, manifest: unknown, faults: readonly Fault[]];
const fault = (path: string, found: string, allowed: string): Fault => ({ path, found, allowed });
const rows: readonly Row[] = [
  ["null", null, [fault("", "null", "a value of type object")]],
  ["a list", [], [fault("", "[]", "a value of type object")]],
  [
    "nothing that must be there",
    {},
    ["version", "plugins", "workspace_templates"].map((path) => fault(path, "nothing", "a value (required)")),
  ],
  ["another version", manifest({ version: 2 }), [fault("version", "2", "1")]],
  [
    "unknown keys at every level",
    {
      ...manifest({
        plugins: [{ ...PLUGIN, modul: "x", when: { env: "A", equal: "1" }, env: { read: [] } }],
        workspace_templates: [{ ...TEMPLATE, images: [], build: { context: "./x", file: "x" } }],
      }),
      extra: 1,
    },
    [
      fault("extra", "an unknown key", "one of $schema, version, plugins, workspace_templates"),
      fault("plugins[0].modul", "an unknown key", `one of ${ENTRY_KEYS}`),
      fault("plugins[0].when.equal", "an unknown key", "one of env, equals"),
      fault("plugins[0].env.read", "an unknown key", "one of reads, writes"),
      fault(
        "workspace_templates[0].images",
        "an unknown key",
        "one of name, image, command, build, provision_timeout_seconds",
      ),
      fault("workspace_templates[0].build.file", "an unknown key", "one of context, dockerfile, args"),
    ],
  ],
  [
    "bad names",
    manifest({
      plugins: [
        { ...PLUGIN, name: "Acme" },
        { ...PLUGIN, name: "" },
        { ...PLUGIN, name: "-a" },
        { module: "x" },
      ],
    }),
    [
      fault("plugins[0].name", '"Acme"', NAME_RULE),
      fault("plugins[1].name", '""', NAME_RULE),
      fault("plugins[2].name", '"-a"', NAME_RULE),
      fault("plugins[3].name", "nothing", "a value (required)"),
    ],
  ],
  [
    "wrong values in an entry",
    manifest({
      plugins: [
        {
          name: "acme",
          module: "",
          stage: "boot",
          enabled: "yes",
          when: {},
          config: [],
          onError: "ignore",
          timeoutMs: 60_001,
          env: { reads: "A", writes: [""] },
          after: "b",
        },
      ],
    }),
    [
      fault("plugins[0].module", '""', "it must NOT have fewer than 1 characters"),
      fault("plugins[0].stage", '"boot"', '"env" or "main"'),
      fault("plugins[0].enabled", '"yes"', "a value of type boolean"),
      fault("plugins[0].when.env", "nothing", "a value (required)"),
      fault("plugins[0].config", "[]", "a value of type object"),
      fault("plugins[0].onError", '"ignore"', '"fail" or "skip" or "last-good"'),
      fault("plugins[0].timeoutMs", "60001", "it must be <= 60000"),
      fault("plugins[0].env.reads", '"A"', "a value of type array"),
      fault("plugins[0].env.writes[0]", '""', "it must NOT have fewer than 1 characters"),
      fault("plugins[0].after", '"b"', "a value of type array"),
    ],
  ],
  [
    "globs that exclude: a list of them would allow everything",
    manifest({ plugins: [{ ...PLUGIN, env: { reads: ["!(ACME)_*"], writes: ["ACME_*", "!ACME_SECRET"] } }] }),
    [
      fault("plugins[0].env.reads[0]", '"!(ACME)_*"', GLOB_RULE),
      fault("plugins[0].env.writes[1]", '"!ACME_SECRET"', GLOB_RULE),
    ],
  ],
  [
    "a plugin that can't be isolated, or is limited without being so",
    manifest({
      plugins: [
        { ...PLUGIN, stage: "env", isolation: "worker" },
        { ...PLUGIN, name: "b", memoryMb: 64 },
        { ...PLUGIN, name: "c", isolation: "process", integrity: "sha512-short" },
      ],
    }),
    [
      fault("plugins[2].isolation", '"process"', '"worker"'),
      fault(
        "plugins[2].integrity",
        '"sha512-short"',
        '"sha512-" and 88 characters of base64, as written by: molecule plugins lock',
      ),
      fault(
        "plugins[0].isolation",
        '"worker" with stage "env"',
        'no isolation, or stage "main": a worker runs env mutators, no boot tasks',
      ),
      fault(
        "plugins[1].memoryMb",
        "memoryMb without isolation",
        '"isolation": "worker" beside it: only a worker\'s memory is limited',
      ),
    ],
  ],
  [
    "duplicate names, once for each repetition",
    manifest({
      plugins: [PLUGIN, { ...PLUGIN, name: "other" }, PLUGIN, PLUGIN],
      workspace_templates: [TEMPLATE, TEMPLATE],
    }),
    [
      fault("plugins[2].name", '"acme"', "a name that plugins[0] does not have"),
      fault("plugins[3].name", '"acme"', "a name that plugins[0] does not have"),
      fault("workspace_templates[1].name", '"demo"', "a name that workspace_templates[0] does not have"),
    ],
  ],
  [
    "a cycle, with its path",
    manifest({
      plugins: [
        { ...PLUGIN, name: "a", after: ["b"] },
        { ...PLUGIN, name: "b", after: ["c"] },
        { ...PLUGIN, name: "c", after: ["a"] },
      ],
    }),
    [fault("plugins", "the cycle c → b → a → c", "after/before without a cycle")],
  ],
  [
    "unknown names in after and before",
    manifest({ plugins: [{ ...PLUGIN, after: ["acme2"], before: ["x", "y"] }] }),
    [
      fault("plugins[0].after[0]", '"acme2"', "one of acme"),
      fault("plugins[0].before[0]", '"x"', "one of acme"),
      fault("plugins[0].before[1]", '"y"', "one of acme"),
    ],
  ],
  [
    "modules and build contexts that lead out of the manifest's folder",
    manifest({
      plugins: [
        "../evil.mjs",
        "./a/../../evil.mjs",
        "/etc/evil.mjs",
        "file:///etc/evil.mjs",
        "data:text/javascript,export default 1",
        "node:fs",
        "..",
      ].map((module, index) => ({ name: `p${index}`, module })),
      workspace_templates: [
        { ...TEMPLATE, build: { context: "../x" } },
        { ...TEMPLATE, name: "b", build: { context: "/x" } },
      ],
    }),
    [
      fault("plugins[0].module", '"../evil.mjs"', BELOW),
      fault("plugins[1].module", '"./a/../../evil.mjs"', BELOW),
      fault("plugins[2].module", '"/etc/evil.mjs"', BELOW),
      fault("plugins[3].module", '"file:///etc/evil.mjs"', BELOW),
      fault("plugins[4].module", '"data:text/javascript,export default 1"', BELOW),
      fault("plugins[5].module", '"node:fs"', BELOW),
      fault("plugins[6].module", '".."', BELOW),
      fault("workspace_templates[0].build.context", '"../x"', BELOW),
      fault("workspace_templates[1].build.context", '"/x"', BELOW),
    ],
  ],
  [
    "templates that nothing can be started from, or that build what has no name",
    manifest({
      workspace_templates: [
        { name: "a" },
        { name: "b", command: ["./x"], build: { context: "./x" } },
        { name: "c", build: { context: "./x" } },
        { name: "d", command: [] },
        { name: "e", image: "x", provision_timeout_seconds: 0 },
      ],
    }),
    [
      fault("workspace_templates[3].command", "[]", "it must NOT have fewer than 1 items"),
      fault("workspace_templates[4].provision_timeout_seconds", "0", "it must be >= 1"),
      fault("workspace_templates[0]", "neither image nor command", '"image", "command" or both'),
      fault(
        "workspace_templates[1].build",
        "build without image",
        '"image" beside it, to name what is built',
      ),
      fault("workspace_templates[2]", "neither image nor command", '"image", "command" or both'),
    ],
  ],
  [
    "faults of every kind, all at once",
    {
      plugins: [
        { name: "a", module: "../a.mjs", after: ["b"], typo: 1 },
        { name: "b", module: "b", after: ["a"], timeoutMs: 0 },
        { name: "a", module: "c", before: ["nobody"] },
        7,
      ],
      workspace_templates: [{ name: "demo" }],
    },
    [
      fault("version", "nothing", "a value (required)"),
      fault("plugins[0].typo", "an unknown key", `one of ${ENTRY_KEYS}`),
      fault("plugins[1].timeoutMs", "0", "it must be >= 1"),
      fault("plugins[3]", "7", "a value of type object"),
      fault("plugins[2].name", '"a"', "a name that plugins[0] does not have"),
      fault("plugins[0].module", '"../a.mjs"', BELOW),
      fault("workspace_templates[0]", "neither image nor command", '"image", "command" or both'),
      fault("plugins[2].before[0]", '"nobody"', "one of a, b"),
      fault("plugins", "the cycle b → a → b", "after/before without a cycle"),
    ],
  ],
];
describe("parseManifest tells at once, with its path,", () => {
  for (const [title, value, faults] of rows) {
    it(title, async () => {
      const error = await codedFailureOf(() => parseManifest(JSON.stringify(value), PATH));
      expect(error.code).to.equal("MANIFEST_INVALID");
      expect(error.details.faults).to.deep.equal(faults);
      const count = `${faults.length} fault${faults.length === 1 ? "" : "s"}`;
      const lines = faults.map(
        ({ path, found, allowed }) =>
          `  - ${path === "" ? "(root)" : path}: found ${found}, allowed: ${allowed}`,
      );
      expect(error.message).to.equal([`manifest ${PATH} has ${count}:`, ...lines].join("\n"));
    });
  }
});
